import { fc, test } from '@fast-check/vitest'
import { Tokenizer as HuggingFaceTokenizer } from '@huggingface/tokenizers'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect } from 'vitest'
import { goldenFolder } from '../test/sentencepiece.js'
import { cutBetweenWords, howToCut } from './cut.js'
import { makeTokenizer } from './tokenizer-json.js'
import { checkTokenizerFile } from './tokenizer-file.js'

// tools/golden/sentencepiece_json.py
const golden = JSON.parse(readFileSync(join(goldenFolder, 'json-golden.json'), 'utf8')) as { origin: string; texts: string[]; ids: Record<string, number[][]> }
const fileOf = (name: string) => JSON.parse(readFileSync(join(goldenFolder, `json-${name}.tokenizer.json`), 'utf8')) as Record<string, unknown>
const make = (file: Record<string, unknown>) => makeTokenizer(file, {}, { file: 'tokenizer.json', configFile: 'tokenizer_config.json', digest: '' })
/** Of a file, with the library alone to encode. */
const styleOf = (file: Record<string, unknown>) => {
  const library = new HuggingFaceTokenizer(file, {})
  return howToCut(checkTokenizerFile(file, 'tokenizer.json'), text => library.encode(text, { add_special_tokens: false }).ids)
}

describe.each(Object.keys(golden.ids))(`a SentencePiece tokenizer.json, %s`, name => {
  test(`gives the ids of ${golden.origin}`, () => {
    const tokenizer = make(fileOf(name))
    golden.texts.forEach((text, i) => expect(Array.from(tokenizer.encode(text)), JSON.stringify(text)).toEqual(golden.ids[name][i]))
  })

  test('is cut between words, and pieces give the ids of the whole', () => {
    const file = fileOf(name), library = new HuggingFaceTokenizer(file, {}), encode = (text: string) => library.encode(text, { add_special_tokens: false }).ids
    expect(styleOf(file)).toBe('drop-space')
    const long = golden.texts.join(' and '), pieces = cutBetweenWords(long, 'drop-space', 20)
    expect(pieces.length).toBeGreaterThan(100)
    expect(pieces.join(' ')).toBe(long)
    expect(pieces.flatMap(piece => encode(piece))).toEqual(encode(long))
  })

  const word = fc.oneof(fc.stringMatching(/^[a-z]{1,8}$/), fc.constantFrom('the', 'é', '</s>', '12', '(x)', '日本', '\u2581', ''))
  const gap = fc.oneof({ weight: 5, arbitrary: fc.constant(' ') }, fc.constantFrom('  ', '\n', ''))
  test.prop([fc.array(fc.tuple(word, gap), { maxLength: 40 }).map(parts => parts.flat().join('')), fc.integer({ min: 1, max: 30 })], { numRuns: 200 })('any text', (text, characters) => {
    const library = new HuggingFaceTokenizer(fileOf(name), {}), encode = (text: string) => library.encode(text, { add_special_tokens: false }).ids
    expect(cutBetweenWords(text, 'drop-space', characters).flatMap(piece => encode(piece))).toEqual(encode(text))
  })

  test('is not cut where a token reaches across words, a token of its own may stand there, or nothing is put in front', () => {
    const across = fileOf(name), added = fileOf(name), bare = fileOf(name)
    ;(across['model'] as { vocab: Record<string, number> }).vocab['of\u2581the'] = 999
    ;(added['added_tokens'] as unknown[]).push({ id: 1000, content: 'd w', special: false, normalized: false, lstrip: false, rstrip: false, single_word: false })
    Object.assign(bare, { normalizer: null, pre_tokenizer: { type: 'Metaspace', replacement: '\u2581', prepend_scheme: 'never', split: false } })
    expect([across, added, bare].map(styleOf)).toEqual([undefined, undefined, undefined])
  })
})
