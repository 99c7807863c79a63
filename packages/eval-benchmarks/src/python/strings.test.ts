import { describe, expect, test } from 'vitest'
import { capitalize, codePoints, rstrip, strip } from './strings.js'

// What CPython 3.11 gives: test/python.py.
describe('strings as Python has them', () => {
  test('strip takes what str.isspace is true for, no more and no less', () => {
    expect(strip('\u001c\u0085\u00a0 a\ufeff b \u3000\u2029\n')).toBe('a\ufeff b')
    expect(rstrip('\ufeff \u200b\u2003')).toBe('\ufeff \u200b')
    expect(strip(' \t ')).toBe('')
  })

  test.each([
    ['She AND her dog', 'She and her dog'],
    ['[substeps] THE man', '[substeps] the man'],
    ['ünUSUAL', 'Ünusual'],
    ['ßtraße', 'Sstraße'],
    ['ﬁre', 'Fire'],
    ['ǆ', 'ǅ'],
    ['ΑΣ', 'Ας'],
    ['ᾳb', 'ᾼb'],
    ['ᾲ', 'Ὰͅ'],
    ['İX', 'İx'],
    ['აბ', 'აბ'],
    ['𐐨𐐀', '𐐀𐐨'],
    ['ŉA', 'ʼNa'],
    ['日本', '日本'],
    ['', '']
  ])('capitalize(%j)', (text, expected) => expect(capitalize(text)).toBe(expected))

  test('codePoints counts characters beyond 16 bits once', () => expect(codePoints('a𐐀日')).toBe(3))
})
