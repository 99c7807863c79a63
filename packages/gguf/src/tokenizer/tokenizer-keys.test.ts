import type { ByteLevelParts, SentencePieceParts } from '@skipwise/core'
import { describe, expect, test } from 'vitest'
import type { MetadataValue } from '../metadata.js'
import { tokenizerKeys, type TokenizerOptions } from './tokenizer-keys.js'

const bytes: ByteLevelParts = {
  kind: 'byte-level',
  file: 'tokenizer.json',
  tokens: ['<s>', '</s>', 'a', 'b', 'ab', undefined, '<x>'],
  merges: [['a', 'b']],
  ignoresMerges: false,
  normalizers: [],
  preTokenizers: ['ByteLevel'],
  added: [
    { id: 0, content: '<s>', special: true, takesNeighbours: false },
    { id: 1, content: '</s>', special: true, takesNeighbours: false },
    { id: 6, content: '<x>', special: false, takesNeighbours: false }
  ],
  bosId: 0,
  eosId: 1,
  addBos: true,
  addEos: false
}

const pieces: SentencePieceParts = {
  kind: 'sentencepiece',
  file: 'tokenizer.model',
  pieces: [
    { text: '<unk>', score: 0, type: 2 },
    { text: '<s>', score: 0, type: 3 },
    { text: '</s>', score: 0, type: 3 },
    { text: '<0x0A>', score: 0, type: 6 },
    { text: '\u2581a', score: -1.5, type: 1 }
  ],
  byteFallback: true,
  addsPrefix: true,
  addsPrefixAfterToken: true,
  changes: [],
  added: [{ id: 5, content: '<|user|>', special: true, takesNeighbours: false }],
  bosId: 1,
  eosId: 2,
  addBos: true,
  addEos: false
}

const keysOf = (parts: ByteLevelParts | SentencePieceParts, options: TokenizerOptions) => {
  const { entries, notes } = tokenizerKeys(parts, options)
  const plain = (value: MetadataValue) => (value.type === 'array' ? value.values() : value.value)
  const keys: Record<string, unknown> = Object.fromEntries(
    entries.map(([key, value]) => [key.replace('tokenizer.', ''), plain(value)])
  )
  return { keys, notes }
}

describe('byte-level', () => {
  test('tokens by id, with holes and rows beyond them filled, types, merges', () => {
    const { keys, notes } = keysOf(bytes, { vocabSize: 8, chatTemplate: '{{ messages }}' })
    expect(keys).toEqual({
      'ggml.model': 'gpt2',
      'ggml.pre': 'gpt-2',
      'ggml.merges': ['a b'],
      'ggml.tokens': ['<s>', '</s>', 'a', 'b', 'ab', '[PAD5]', '<x>', '[PAD7]'],
      'ggml.token_type': [3, 3, 1, 1, 1, 5, 4, 5],
      'ggml.bos_token_id': 0,
      'ggml.eos_token_id': 1,
      'ggml.add_bos_token': true,
      'ggml.add_eos_token': false,
      chat_template: '{{ messages }}'
    })
    expect(notes).toEqual([])
  })
  test('the name of the pre-tokenizer follows from its steps and from how words are merged', () => {
    const nameOf = (preTokenizers: readonly string[], ignoresMerges = false) =>
      keysOf({ ...bytes, preTokenizers, ignoresMerges }, { vocabSize: 7 }).keys['ggml.pre']
    expect(nameOf(['Digits', 'ByteLevel'])).toBe('smollm')
    expect(() => nameOf(['Digits', 'ByteLevel'], true)).toThrow(/GGUF_TOKENIZER: .* no name for this pre-tokenizer/)
    expect(() => nameOf(['{"type":"Whitespace"}', 'bytes'])).toThrow(/no name for this pre-tokenizer \({"type"/)
  })
  test('a name that is chosen is taken, and noted unless it is the one', () => {
    const chosen = (preTokenizers: readonly string[], preTokenizer: string) =>
      keysOf({ ...bytes, preTokenizers }, { vocabSize: 7, preTokenizer })
    expect(chosen(['ByteLevel'], 'gpt-2').notes).toEqual([])
    expect(chosen(['ByteLevel'], 'tekken')).toMatchObject({ keys: { 'ggml.pre': 'tekken' }, notes: [/chosen by hand/] })
  })
  test('composed characters are noted, other changes refused', () => {
    expect(keysOf({ ...bytes, normalizers: ['NFC'] }, { vocabSize: 7 }).notes).toHaveLength(1)
    expect(() => keysOf({ ...bytes, normalizers: ['Lowercase'] }, { vocabSize: 7 })).toThrow(/by Lowercase/)
  })
})

describe('SentencePiece', () => {
  test('pieces, scores, types, added tokens after them', () => {
    const { keys } = keysOf(pieces, { vocabSize: 6 })
    expect(keys).toMatchObject({
      'ggml.model': 'llama',
      'ggml.tokens': ['<unk>', '<s>', '</s>', '<0x0A>', '\u2581a', '<|user|>'],
      'ggml.token_type': [2, 3, 3, 6, 1, 3],
      'ggml.scores': [0, 0, 0, 0, -1.5, -1e4],
      'ggml.unknown_token_id': 0,
      'ggml.add_space_prefix': true
    })
  })
  test('what llama.cpp does not do is refused or noted', () => {
    const of = (changed: Partial<SentencePieceParts>) => keysOf({ ...pieces, ...changed }, { vocabSize: 6 })
    expect(() => of({ changes: ['it removes superfluous spaces'] })).toThrow(/superfluous spaces, which llama\.cpp/)
    expect(() => of({ byteFallback: false })).toThrow(/no pieces for bytes/)
    expect(of({ addsPrefixAfterToken: false }).notes[0]).toMatch(/a space before a text that follows/)
  })
})

describe('traps', () => {
  test('without EOS llama.cpp would take token 11: that of config.json counts, or it is refused', () => {
    const without = { ...bytes, eosId: undefined }
    expect(keysOf(without, { vocabSize: 7, eosId: 4 }).keys['ggml.eos_token_id']).toBe(4)
    expect(() => keysOf(without, { vocabSize: 7 })).toThrow(/GGUF_TOKENIZER: .* has no EOS/)
    expect(() => keysOf({ ...bytes, eosId: 99 }, { vocabSize: 7 })).toThrow(/beyond the 7 rows/)
  })
  test('two tokens of one text end the process of llama.cpp', () => {
    const twice = { ...bytes, tokens: ['<s>', '</s>', 'a', 'a', 'ab', undefined, '<x>'] }
    expect(() => keysOf(twice, { vocabSize: 7 })).toThrow(/tokens 2 and 3 have the same text 'a'/)
    const filled = { ...bytes, tokens: ['<s>', '</s>', '[PAD5]', 'b', 'ab', undefined, '<x>'] }
    expect(() => keysOf(filled, { vocabSize: 7 })).toThrow(/tokens 2 and 5 have the same text/)
  })
  test('more tokens than rows', () => {
    expect(() => keysOf(bytes, { vocabSize: 6 })).toThrow(/token '<x>' with id 6, and the embedding has 6 rows/)
  })
})
