import { createRegistry } from '@skipwise/core'
import { BinaryWriter, WireType } from '@bufbuild/protobuf/wire'
import { copyFile, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { goldenFolder, goldenModel } from '../../test/sentencepiece.js'
import { parseModel } from './model-file.js'
import { sentencePiece } from './plugin.js'

async function folderOf(files: Readonly<Record<string, unknown>>): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'skipwise-sentencepiece-'))
  onTestFinished(() => rm(folder, { recursive: true }))
  for (const [name, content] of Object.entries(files))
    await writeFile(join(folder, name), content instanceof Uint8Array ? content : JSON.stringify(content))
  return folder
}
const loader = createRegistry().register(sentencePiece).resolve('tokenizer', 'sentencepiece', {})

describe('the files beside tokenizer.model', () => {
  const llamaConfig = {
    add_bos_token: true,
    bos_token: { __type: 'AddedToken', content: '<s>', lstrip: false },
    eos_token: '</s>',
    legacy: true
  }
  const text = '<s>Hello</s> world'

  test('without them the spelling of a special token is text, as SentencePiece reads it', () => {
    const tokenizer = goldenModel('llama')
    expect(Array.from(tokenizer.encode(text))).not.toContain(1)
    expect(tokenizer).toMatchObject({ vocabSize: 800, bosId: 1, eosId: 2, addBos: true })
  })

  test('tokens that they name are found, and texts between are encoded on their own', () => {
    const plain = goldenModel('llama')
    const tokenizer = goldenModel('llama', { 'tokenizer_config.json': llamaConfig })
    const part = (text: string) => Array.from(plain.encode(text))
    expect(Array.from(tokenizer.encode(text))).toEqual([1, ...part('Hello'), 2, ...part(' world')])
    expect(tokenizer.decode(tokenizer.encode(text))).toBe('Hello  world')
    // legacy false: only the beginning of the text gets the dummy prefix
    const modern = goldenModel('llama', { 'tokenizer_config.json': { ...llamaConfig, legacy: false } })
    expect(modern.decode(modern.encode(text))).toBe('Hello world')
    expect(Array.from(modern.encode('Hello'))).toEqual(part('Hello'))
  })

  test('tokens of added_tokens.json and added_tokens_decoder get the ids that they say, the longest first', () => {
    const tokenizer = goldenModel('llama', {
      'tokenizer_config.json': {
        ...llamaConfig,
        add_bos_token: false,
        added_tokens_decoder: { 801: { content: '<|end|>', special: true, rstrip: true } }
      },
      'special_tokens_map.json': { pad_token: '<pad>', additional_special_tokens: ['<|end|>'] },
      'added_tokens.json': { '<pad>': 800, '<tool>': 802, '<tool>s': 803 }
    })
    const ids = Array.from(tokenizer.encode('<tool>s<tool><|end|>  <pad>'))
    expect(ids).toEqual([803, 802, 801, 800])
    expect(tokenizer.decode([...ids, 5000, -1])).toBe('<tool>s<tool>')
    expect(tokenizer).toMatchObject({ vocabSize: 804, addBos: false })
  })

  test('BOS and EOS are those that are named, where they name any', () => {
    const facts = (config: Record<string, unknown>) => {
      const { bosId, eosId, addBos } = goldenModel('llama', { 'tokenizer_config.json': config })
      return [bosId, eosId, addBos]
    }
    expect(facts({ bos_token: '', eos_token: null })).toEqual([1, 2, true])
    expect(facts({ bos_token: '</s>', eos_token: '<s>', add_bos_token: false })).toEqual([2, 1, false])
    expect(
      [{}, { add_eos_token: true }].map(config => goldenModel('llama', { 'tokenizer_config.json': config }).addEos)
    ).toEqual([false, true])
    expect(goldenModel('plain')).toMatchObject({ bosId: undefined, eosId: 2, addBos: false })
  })

  test.each([
    ['tokenizer_config.json', { bos_token: 7 }],
    ['tokenizer_config.json', { added_tokens_decoder: { x: { content: 'a' } } }],
    ['tokenizer_config.json', { added_tokens_decoder: { 1: { content: 'a', single_word: true } } }],
    ['added_tokens.json', { '<pad>': -1 }],
    ['added_tokens.json', { '<pad>': 1e9 }]
  ] as const)('%s: %j is refused', (name, content) => {
    expect(() => goldenModel('llama', { [name]: content })).toThrow(new RegExp(`^TOKENIZER_INVALID: llama/${name}`))
  })
})

describe('the plugin', () => {
  test('accepts and loads folders, and the digest is that of all files', async () => {
    const folder = await folderOf({})
    expect(await loader.accepts(folder)).toBe(false)
    await expect(loader.load(folder)).rejects.toThrow(/^TOKENIZER_NOT_FOUND/)
    await copyFile(join(goldenFolder, 'llama.model'), join(folder, 'tokenizer.model'))
    expect(await loader.accepts(folder)).toBe(true)
    const plain = await loader.load(folder)
    await writeFile(join(folder, 'tokenizer_config.json'), '{"add_bos_token": false}')
    const configured = await loader.load(folder)
    expect([plain.addBos, configured.addBos]).toEqual([true, false])
    expect(plain.digest).toMatch(/^[0-9a-f]{64}$/)
    expect(configured.digest).not.toBe(plain.digest)
    await writeFile(join(folder, 'tokenizer_config.json'), '{')
    await expect(loader.load(folder)).rejects.toThrow(/^TOKENIZER_INVALID.*tokenizer_config\.json/)
  })
})

/** A model of the three special pieces, and of more as given. */
function modelOf({
  modelType = 2,
  pieces = [] as readonly (readonly [text: string, score: number, type: number])[],
  byteFallback = false,
  charsmap = new Uint8Array(0),
  denormalizer = false
}) {
  const writer = new BinaryWriter()
  for (const [text, score, type] of [['<unk>', 0, 2], ['<s>', 0, 3], ['</s>', 0, 3], ...pieces] as const) {
    writer
      .tag(1, WireType.LengthDelimited)
      .fork()
      .tag(1, WireType.LengthDelimited)
      .string(text)
      .tag(2, WireType.Bit32)
      .float(score)
      .tag(3, WireType.Varint)
      .int32(type)
      .join()
  }
  writer
    .tag(2, WireType.LengthDelimited)
    .fork()
    .tag(3, WireType.Varint)
    .int32(modelType)
    .tag(35, WireType.Varint)
    .bool(byteFallback)
    .join()
  writer.tag(3, WireType.LengthDelimited).fork().tag(2, WireType.LengthDelimited).bytes(charsmap).join()
  if (denormalizer)
    writer.tag(5, WireType.LengthDelimited).fork().tag(2, WireType.LengthDelimited).bytes(Uint8Array.of(1)).join()
  return writer.finish()
}

describe('parseModel', () => {
  test('reads what it writes', () => {
    expect(parseModel(modelOf({ pieces: [['ab', -1.5, 1]] }), 'm')).toMatchObject({
      pieces: { length: 4, 3: { text: 'ab', score: -1.5, type: 1 } },
      byteFallback: false
    })
  })

  const text = (value: string) => new TextEncoder().encode(value)
  test.each([
    ['a Unigram model', modelOf({ modelType: 1 }), 'TOKENIZER_UNSUPPORTED', /Unigram/],
    ['a word model', modelOf({ modelType: 3 }), 'TOKENIZER_UNSUPPORTED', /word/],
    ['rules for decoded text', modelOf({ denormalizer: true }), 'TOKENIZER_UNSUPPORTED', /decoded text/],
    ['a list of tiktoken', text('IQ== 0\nIg== 1\nIw== 2\n'), 'TOKENIZER_UNSUPPORTED', /tiktoken/],
    ['nothing', text(''), 'TOKENIZER_INVALID', /no pieces/],
    ['something else', text('hello, I am a text'), 'TOKENIZER_INVALID', /not a SentencePiece model/],
    [
      'an LFS pointer',
      text('version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n'),
      'TOKENIZER_INVALID',
      /not a SentencePiece model/
    ],
    [
      'a piece twice',
      modelOf({
        pieces: [
          ['a', 0, 1],
          ['a', 0, 1]
        ]
      }),
      'TOKENIZER_INVALID',
      /piece 4 .*as is an earlier/
    ],
    ['a piece of nothing', modelOf({ pieces: [['', 0, 1]] }), 'TOKENIZER_INVALID', /piece 3 has no text/],
    ['a score that is none', modelOf({ pieces: [['a', NaN, 1]] }), 'TOKENIZER_INVALID', /piece 3 has the score NaN/],
    ['a type that is none', modelOf({ pieces: [['a', 0, 9]] }), 'TOKENIZER_INVALID', /type 9/],
    ['two unknown pieces', modelOf({ pieces: [['a', 0, 2]] }), 'TOKENIZER_INVALID', /2 unknown pieces/],
    [
      'a byte that is none',
      modelOf({ pieces: [['<0xG0>', 0, 6]], byteFallback: true }),
      'TOKENIZER_INVALID',
      /byte '<0xG0>'/
    ],
    [
      'too few bytes',
      modelOf({ pieces: [['<0x00>', 0, 6]], byteFallback: true }),
      'TOKENIZER_INVALID',
      /1 byte pieces/
    ],
    ['bytes without fallback', modelOf({ pieces: [['<0x00>', 0, 6]] }), 'TOKENIZER_INVALID', /no byte fallback/],
    [
      'a character map of a lie',
      modelOf({ charsmap: Uint8Array.of(255, 255, 255, 255, 0) }),
      'TOKENIZER_INVALID',
      /precompiled_charsmap/
    ]
  ] as const)('refuses %s', (_, bytes, code, message) => {
    expect(() => parseModel(bytes, 'tokenizer.model')).toThrow(message)
    expect(() => parseModel(bytes, 'tokenizer.model')).toThrow(new RegExp(`^${code}: tokenizer.model`))
  })
})
