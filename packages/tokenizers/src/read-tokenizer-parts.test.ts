import { sharedFixture } from '@skipwise/testing'
import { cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { readChatTemplateText } from './read-chat-template.js'
import { readTokenizerParts } from './read-tokenizer-parts.js'

const work = mkdtempSync(join(tmpdir(), 'skipwise-parts-'))
afterAll(() => rmSync(work, { recursive: true, force: true }))

const added = (id: number, content: string, more: object = {}) => ({
  id,
  content,
  special: true,
  single_word: false,
  lstrip: false,
  rstrip: false,
  normalized: false,
  ...more
})

const file = {
  added_tokens: [added(3, '<s>'), added(5, '<x>', { special: false, rstrip: true })],
  normalizer: { type: 'NFC' },
  pre_tokenizer: {
    type: 'Sequence',
    pretokenizers: [
      { type: 'Digits', individual_digits: true },
      { type: 'ByteLevel', add_prefix_space: false, use_regex: true }
    ]
  },
  post_processor: null,
  decoder: { type: 'ByteLevel' },
  model: { type: 'BPE', vocab: { a: 0, b: 1, ab: 2, '<s>': 3 }, merges: [['a', 'b']], ignore_merges: true }
}

function folder(name: string, json: object = file, config?: object): string {
  const path = join(work, name)
  cpSync(mkdtempSync(join(work, 'new-')), path, { recursive: true })
  writeFileSync(join(path, 'tokenizer.json'), JSON.stringify(json))
  if (config) writeFileSync(join(path, 'tokenizer_config.json'), JSON.stringify(config))
  return path
}

describe('a byte-level tokenizer.json', () => {
  test('tokens by id, merges, steps, added tokens and policy', async () => {
    const config = { bos_token: '<s>', add_bos_token: true, chat_template: '{{ messages }}' }
    const path = folder('whole', file, config)
    expect(await readTokenizerParts(path)).toEqual({
      kind: 'byte-level',
      file: join(path, 'tokenizer.json'),
      tokens: ['a', 'b', 'ab', '<s>', '<x>'],
      merges: [['a', 'b']],
      ignoresMerges: true,
      normalizers: ['NFC'],
      preTokenizers: ['Digits', 'ByteLevel'],
      added: [
        { id: 3, content: '<s>', special: true, takesNeighbours: false },
        // the library numbers added tokens itself
        { id: 4, content: '<x>', special: false, takesNeighbours: true }
      ],
      bosId: 3,
      eosId: undefined,
      addBos: true,
      addEos: false
    })
    expect(await readChatTemplateText(path)).toBe('{{ messages }}')
    expect(await readChatTemplateText(folder('plain'))).toBeUndefined()
  })

  test('merges as texts, and steps that have no short name', async () => {
    const parts = await readTokenizerParts(
      folder('old', {
        ...file,
        pre_tokenizer: {
          type: 'Sequence',
          pretokenizers: [
            { type: 'Split', pattern: { Regex: '\\d' }, behavior: 'Isolated', invert: false },
            { type: 'Split', pattern: { Regex: '\\s' }, behavior: 'Removed', invert: false },
            { type: 'ByteLevel', add_prefix_space: false, use_regex: false }
          ]
        },
        model: { ...file.model, merges: ['a b'], ignore_merges: undefined }
      })
    )
    expect(parts).toMatchObject({ kind: 'byte-level', merges: [['a', 'b']], ignoresMerges: false })
    const [split, removed, bytes] = parts.kind === 'byte-level' ? parts.preTokenizers : []
    expect([split, bytes]).toEqual(['Split:\\d', 'bytes'])
    expect(JSON.parse(removed)).toMatchObject({ type: 'Split', behavior: 'Removed' })
  })
})

test('another kind is refused, with what to do', async () => {
  const words = { ...file, pre_tokenizer: { type: 'Whitespace' }, model: { ...file.model, byte_fallback: false } }
  await expect(readTokenizerParts(folder('words', words))).rejects.toThrow(
    /TOKENIZER_UNSUPPORTED: .* put the tokenizer.model/
  )
  const pieces = { ...file, pre_tokenizer: null, model: { ...file.model, byte_fallback: true } }
  await expect(readTokenizerParts(folder('pieces', pieces))).rejects.toThrow(/scores are only in tokenizer\.model/)
  await expect(readTokenizerParts(mkdtempSync(join(work, 'none-')))).rejects.toThrow(/TOKENIZER_NOT_FOUND/)
})

const real = sharedFixture('tokenizers/llama-1-real')
test.skipIf(real === undefined)('a tokenizer.model', async () => {
  const path = mkdtempSync(join(work, 'real-'))
  cpSync(join(real ?? '', 'tokenizer.model'), join(path, 'tokenizer.model'))
  writeFileSync(join(path, 'added_tokens.json'), '{"<|user|>": 32000}')
  const parts = await readTokenizerParts(path)
  expect(parts).toMatchObject({
    kind: 'sentencepiece',
    byteFallback: true,
    addsPrefix: true,
    addsPrefixAfterToken: true,
    changes: [],
    added: [{ id: 32000, content: '<|user|>', special: false, takesNeighbours: false }],
    bosId: 1,
    eosId: 2,
    addBos: true
  })
  expect(parts.kind === 'sentencepiece' && parts.pieces.length).toBe(32000)
  // next to a tokenizer.json of another model
  writeFileSync(
    join(path, 'tokenizer.json'),
    JSON.stringify({ ...file, pre_tokenizer: null, model: { ...file.model, byte_fallback: true } })
  )
  await expect(readTokenizerParts(path)).rejects.toThrow(/TOKENIZER_INVALID: .* other ids than tokenizer\.model/)
})
