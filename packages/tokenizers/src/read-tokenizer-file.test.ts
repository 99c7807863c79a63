import { fc, test } from '@fast-check/vitest'
import { parseJson } from '@skipwise/checkpoints'
import { expect, it } from 'vitest'
import { readMerges } from './json/read-merges.js'
import { readVocabulary, type ReadVocabulary } from './json/read-vocabulary.js'
import type { MergeTable } from './json/merge-table.js'
import { readTokenizerFile } from './read-tokenizer-file.js'

const bytesOf = (text: string) => new TextEncoder().encode(text)
const read = (text: string) => readTokenizerFile(bytesOf(text), 'tokenizer.json')

function entriesOf({ idOf }: ReadVocabulary): (readonly [string, number])[] {
  const entries = Array.from({ length: idOf.size }, (_, at) => [idOf.textAt(at), idOf.idAt(at)] as const)
  return entries.sort(([one], [other]) => (one < other ? -1 : 1))
}

function pairsOf(table: MergeTable, ids: number): (readonly [number, number, number, number])[] {
  const pairs: (readonly [number, number, number, number])[] = []
  for (let left = 0; left < ids; left++) {
    for (let right = 0; right < ids; right++) {
      const place = table.find(left, right)
      if (place >= 0) pairs.push([left, right, table.rankAt(place), table.mergedAt(place)])
    }
  }
  return pairs
}

const token = fc.oneof(
  fc.string({ unit: fc.constantFrom('a', 'b', 'Ġ', '\u2581', '日', '\u{1f600}', '"', '\\', '\n', '\ud800', '{', ']') }),
  fc.string({ unit: 'binary', maxLength: 3 }),
  fc.constantFrom('__proto__', '#version', 'model', 'vocab', '\u0000', '\u007f\u0080\u07ff\u0800\uffff')
)
/** JSON of a value, with spaces and with escapes where they may be. */
function spell(value: unknown, space: string, escapes: boolean): string {
  const text = JSON.stringify(value, undefined, space)
  if (!escapes) return text
  return text.replace(/[^\x20-\x7e\n\t]/g, unit => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`)
}

test.prop(
  [
    fc.uniqueArray(token, { maxLength: 12 }),
    fc.array(fc.tuple(fc.nat(11), fc.nat(11)), { maxLength: 12 }),
    fc.boolean(),
    fc.constantFrom('', ' ', '\t', '  '),
    fc.boolean(),
    fc.boolean()
  ],
  { numRuns: 500 }
)('what is read from the bytes is what JSON.parse and a walk through its objects give', (...drawn) => {
  const [parts, joins, asTexts, space, escapes, mergesFirst] = drawn
  const pairs = joins.flatMap(([i, j]) => (i < parts.length && j < parts.length ? [[parts[i], parts[j]] as const] : []))
  const usable = asTexts ? pairs.filter(pair => !pair.some(text => text === '' || /[ ]|^#version/.test(text))) : pairs
  const tokens = [...new Set([...parts, ...usable.map(([left, right]) => left + right)])]
  const vocab = Object.fromEntries(tokens.map((text, id) => [text, id]))
  // A literal would set the prototype of the object.
  Object.defineProperty(vocab, '__proto__', { value: tokens.length, enumerable: true })
  const merges = usable.map(pair => (asTexts ? pair.join(' ') : pair))
  const model = mergesFirst ? { merges, type: 'BPE', vocab } : { type: 'BPE', vocab, merges, dropout: null }
  const text = spell({ version: '1.0', added_tokens: [{ content: '"model":{' }], model }, space, escapes)
  const found = read(text)
  expect(found.json).toMatchObject({ version: '1.0', model: { vocab: null, merges: null } })
  const { model: whole } = parseJson(bytesOf(text), 'tokenizer.json', 'TOKENIZER_INVALID').object
  const right = whole as { readonly vocab: unknown; readonly merges: unknown }
  const vocabulary = readVocabulary(right.vocab, 'tokenizer.json')
  if (!found.vocabulary || !found.merges) throw new Error('it was not read from the bytes')
  expect(found.vocabulary.size).toBe(vocabulary.size)
  expect(entriesOf(found.vocabulary)).toEqual(entriesOf(vocabulary))
  expect(pairsOf(found.merges, vocabulary.size)).toEqual(
    pairsOf(readMerges(right.merges, vocabulary, '', 'tokenizer.json'), vocabulary.size)
  )
})

it.each([
  ['a list with scores', '{"model": {"vocab": [["a", -1.5]]}}'],
  ['an id that is not an integer', '{"model": {"vocab": {"a": 1.0}}}'],
  ['an id beyond all', '{"model": {"vocab": {"a": 4194304}}}'],
  ['an id below all', '{"model": {"vocab": {"a": -1}}}'],
  ['an exponent', '{"model": {"vocab": {"a": 1e1}}}'],
  ['a key by escapes', '{"mod\\u0065l": {"vocab": {"a": 1}}}'],
  ['a model twice', '{"model": {"vocab": {"a": 1}}, "model": {"vocab": {"b": 2}}}'],
  ['a vocabulary twice', '{"model": {"vocab": {"a": 1}, "vocab": {"b": 2}}}'],
  ['no vocabulary', '{"model": {"merges": []}}'],
  ['merges that are none', '{"model": {"vocab": {"a": 1}, "merges": null}}'],
  ['a merge of nothing', '{"model": {"vocab": {"a": 1}, "merges": ["a b"]}}'],
  ['a line that is not a merge', '{"model": {"vocab": {"a": 1}, "merges": ["#version: 0.2"]}}'],
  ['a prefix', '{"model": {"continuing_subword_prefix": "##", "vocab": {"a": 1}, "merges": []}}']
])('%s is read by JSON.parse', (_, text) => {
  expect(read(text)).toEqual({ json: JSON.parse(text) as unknown })
})

it('broken UTF-8 is read by JSON.parse, as U+FFFD', () => {
  for (const broken of [
    [0xff],
    [0xc3],
    [0xe0, 0x80, 0x80],
    [0xed, 0xa0, 0x80],
    [0xf4, 0x90, 0x80, 0x80],
    [0xe2, 0x82]
  ]) {
    const bytes = Buffer.concat([bytesOf('{"model": {"vocab": {"'), Uint8Array.from(broken), bytesOf('": 1}}}')])
    const { json, vocabulary } = readTokenizerFile(bytes, 'tokenizer.json')
    expect(vocabulary).toBeUndefined()
    expect(json).toEqual(JSON.parse(new TextDecoder().decode(bytes)))
  }
})

it.each([
  '{"model": {"vocab": {"a": 1,}}}',
  '{"model": {"vocab": {"a": 01}}}',
  '{"model": {"vocab": {"a": 1 2}}}',
  '{"model": {"vocab": {"a\n": 1}}}',
  '{"model": {"vocab": {"\\x": 1}}}',
  '{"model": {"vocab": {"\\u00g0": 1}}}',
  '{"model": {"vocab": {"a": 1]}}',
  '{"model": {"vocab": {"a": 1}, "merges": ["a a"}}',
  '{"model": {"vocab": {"a": 1}, "merges": [["a", "a",]]}}',
  '{"model": {"vocab": {"a": 1}} extra}',
  '{"model": {"vocab": {"a": 1}}} extra',
  '{"model": {"vocab": {"a": 1}',
  '{"model": {"vocab": {"a": 1}}, "b": \u00a0 1}',
  '[]',
  ''
])('%j is refused', text => {
  expect(() => read(text)).toThrow(/^TOKENIZER_INVALID: tokenizer\.json is not (valid JSON|a JSON object)/)
})
