import { createRegistry, isSkipwiseError } from '@skipwise/core'
import { sharedFixture } from '@skipwise/testing'
import { fc, test } from '@fast-check/vitest'
import { readFileSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { bytes, loadTokenizerJson, tokenizerJson } from './index.js'
import { makeTokenizer } from './tokenizer-json.js'

const origin = { file: 'tokenizer.json', configFile: 'tokenizer_config.json', digest: '' }

/** A byte-level tokenizer.json of the 256 bytes and a few merges, so that tests need no fixture. */
function smallFile(): Record<string, unknown> {
  // GPT-2's bytes_to_unicode: printable bytes stand for themselves, the others follow from 256 on.
  const printable = (byte: number) => (byte >= 33 && byte <= 126) || (byte >= 161 && byte <= 172) || byte >= 174
  let next = 256
  const characters = Array.from({ length: 256 }, (_, byte) => String.fromCharCode(printable(byte) ? byte : next++))
  const vocab = Object.fromEntries([...characters, 'he', 'hel', '\u0120w'].map((token, id) => [token, id]))
  return {
    version: '1.0',
    added_tokens: [
      { id: 259, content: '<s>', special: true, normalized: false, lstrip: false, rstrip: false, single_word: false }
    ],
    normalizer: null,
    pre_tokenizer: { type: 'ByteLevel', add_prefix_space: false, use_regex: true },
    post_processor: {
      type: 'TemplateProcessing',
      single: [{ SpecialToken: { id: '<s>', type_id: 0 } }, { Sequence: { id: 'A', type_id: 0 } }],
      pair: [],
      special_tokens: { '<s>': { id: '<s>', ids: [259], tokens: ['<s>'] } }
    },
    decoder: { type: 'ByteLevel' },
    model: { type: 'BPE', vocab, merges: ['h e', 'he l', '\u0120 w'], unk_token: null }
  }
}

interface GoldenCase {
  readonly text: string
  readonly ids: number[]
  readonly ids_plain: number[]
  readonly decoded: string
}

const fixtures = sharedFixture('tokenizers')
const byteLevel = ['byte-level-gpt2', 'byte-level-llama3'] as const

describe.skipIf(!fixtures)('against tokenizers 0.23.2 (Rust)', () => {
  const golden = () =>
    JSON.parse(readFileSync(join(fixtures as string, 'golden.json'), 'utf8')).sets as Record<string, GoldenCase[]>

  it.for(byteLevel)('%s: every golden text', async name => {
    const tokenizer = await loadTokenizerJson(join(fixtures as string, name))
    const cases = golden()[name]
    expect(cases.length).toBeGreaterThan(30)
    for (const { text, ids, ids_plain, decoded } of cases) {
      const ours = Array.from(tokenizer.encode(text))
      expect(ours, JSON.stringify(text)).toEqual(ids_plain)
      expect(tokenizer.addBos ? [tokenizer.bosId, ...ours] : ours).toEqual(ids)
      expect(tokenizer.decode(ids), JSON.stringify(text)).toBe(decoded)
    }
  })

  it('states the policy of special tokens', async () => {
    const load = (path: string) => loadTokenizerJson(sharedFixture(path) as string)
    const facts = async (path: string) => {
      const { vocabSize, bosId, eosId, addBos } = await load(path)
      return { vocabSize, bosId, eosId, addBos }
    }
    expect(await facts('tokenizers/byte-level-gpt2')).toEqual({
      vocabSize: 700,
      bosId: undefined,
      eosId: undefined,
      addBos: false
    })
    expect(await facts('tokenizers/byte-level-llama3')).toEqual({
      vocabSize: 700,
      bosId: 0,
      eosId: undefined,
      addBos: true
    })
    expect(await facts('harness/model')).toEqual({ vocabSize: 700, bosId: 0, eosId: 1, addBos: true })
  })

  const loaded = fixtures ? Promise.all(byteLevel.map(name => loadTokenizerJson(join(fixtures, name)))) : undefined

  test.prop([fc.string({ unit: 'binary' })], { numRuns: 300 })('any text is decoded to itself', async text => {
    const wellFormed = text.replace(/[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g, '\ufffd')
    for (const tokenizer of await (loaded as NonNullable<typeof loaded>))
      expect(tokenizer.decode(tokenizer.encode(text))).toBe(wellFormed)
  })
})

describe('makeTokenizer', () => {
  it('takes BOS, EOS and the policy from tokenizer_config.json first', () => {
    const facts = (config: Record<string, unknown>) => {
      const { bosId, eosId, addBos } = makeTokenizer(smallFile(), config, origin)
      return [bosId, eosId, addBos]
    }
    expect(facts({})).toEqual([259, undefined, true])
    expect(facts({ add_bos_token: false, eos_token: '<s>' })).toEqual([259, 259, false])
    expect(facts({ bos_token: { content: '<s>' }, eos_token: { content: 'he' } })).toEqual([259, 256, true])
    expect(facts({ bos_token: null, eos_token: null })).toEqual([259, undefined, true])
    expect(facts({ bos_token: 'not there' })).toEqual([259, undefined, true])
  })

  it('encodes, decodes, leaves out special and unknown ids', () => {
    const tokenizer = makeTokenizer(smallFile(), {}, origin)
    expect(tokenizer.encode('hello world').length).toBe(9 - 1)
    expect(tokenizer.decode([259, ...tokenizer.encode('hello world'), 259, 99999, -1])).toBe('hello world')
    expect([tokenizer.encode('').length, tokenizer.decode([])]).toEqual([0, ''])
  })

  it('finds an added token across words', () => {
    const text = `${'word '.repeat(20_000)}x y`
    const idsOf = (file: Record<string, unknown>) => Array.from(makeTokenizer(file, {}, origin).encode(text))
    const crossing = smallFile()
    ;(crossing['added_tokens'] as unknown[]).push({
      id: 260,
      content: 'd w',
      special: false,
      normalized: false,
      lstrip: false,
      rstrip: false,
      single_word: false
    })
    expect(idsOf(crossing).filter(id => id === 260).length).toBe(19_999)
  })

  const split = (extra: object) => ({
    pre_tokenizer: { type: 'Split', pattern: { Regex: '.' }, behavior: 'Isolated', ...extra }
  })
  it.for([
    ['no model', { model: undefined }, 'TOKENIZER_INVALID', /model/],
    ['no vocabulary', { model: { type: 'BPE', merges: [] } }, 'TOKENIZER_INVALID', /vocab/],
    [
      'an id that asks for memory',
      { model: { type: 'BPE', vocab: { a: 4e9 }, merges: [] } },
      'TOKENIZER_INVALID',
      /'a'.*4000000000/
    ],
    ['a negative id', { model: { type: 'BPE', vocab: { a: -1 }, merges: [] } }, 'TOKENIZER_INVALID', /'a'/],
    ['a merge of one', { model: { type: 'BPE', vocab: { a: 0 }, merges: ['a'] } }, 'TOKENIZER_INVALID', /merges\[0\]/],
    [
      'a merge of three',
      {
        model: {
          type: 'BPE',
          vocab: { a: 0, b: 1, ab: 2 },
          merges: [
            ['a', 'b'],
            ['a', 'b', 'c']
          ]
        }
      },
      'TOKENIZER_INVALID',
      /merges\[1\]/
    ],
    ['an unknown decoder', { decoder: { type: 'Rot13' } }, 'TOKENIZER_INVALID', /Rot13/],
    ['an added token without content', { added_tokens: [{ id: 1 }] }, 'TOKENIZER_INVALID', /added_tokens\.0\.content/],
    ['steps of zero', { pre_tokenizer: { type: 'FixedLength', length: 0 } }, 'TOKENIZER_INVALID', /length/],
    ['a pattern of nothing', split({ pattern: {} }), 'TOKENIZER_INVALID', /pattern/],
    [
      'a pattern that is not an expression',
      split({ pattern: { Regex: '(' } }),
      'TOKENIZER_UNSUPPORTED',
      /is not closed/
    ],
    [
      'sequences without end',
      { normalizer: JSON.parse(`${'{"type":"Sequence","normalizers":['.repeat(5000)}${']}'.repeat(5000)}`) },
      'TOKENIZER_INVALID',
      /normalizer.*nested more than/
    ],
    ['a split that does what nobody knows', split({ behavior: 'Sideways' }), 'TOKENIZER_INVALID', /behavior/],
    [
      'a normalizer that needs grapheme clusters',
      { normalizer: { type: 'Precompiled', precompiled_charsmap: '' } },
      'TOKENIZER_UNSUPPORTED',
      /Precompiled/
    ],
    [
      'a pre-tokenizer by scripts',
      { pre_tokenizer: { type: 'Sequence', pretokenizers: [{ type: 'UnicodeScripts' }] } },
      'TOKENIZER_UNSUPPORTED',
      /UnicodeScripts/
    ],
    [
      'merges by chance',
      { model: { type: 'BPE', vocab: { a: 0 }, merges: [], dropout: 0.1 } },
      'TOKENIZER_UNSUPPORTED',
      /dropout/
    ],
    ['\\G', split({ pattern: { Regex: '\\Ga' } }), 'TOKENIZER_UNSUPPORTED', /\\G/]
  ] as const)('refuses %s', ([, change, code, message]) => {
    const make = () => makeTokenizer({ ...smallFile(), ...change }, {}, origin)
    expect(make).toThrow(message)
    expect(make).toThrow(new RegExp(`^${code}: tokenizer.json`))
  })

  const paths = (value: unknown, path: (string | number)[] = []): (string | number)[][] =>
    typeof value === 'object' && value !== null
      ? [
          path,
          ...Object.entries(value)
            .slice(0, 12)
            .flatMap(([key, item]) => paths(item, [...path, key]))
        ]
      : [path]
  const replacement = fc.oneof(
    fc.jsonValue({ maxDepth: 2 }),
    fc.constantFrom(
      undefined,
      null,
      '',
      0,
      -1,
      1e9,
      [],
      {},
      { type: 'Sequence' },
      { type: 'BPE' },
      'Unigram',
      'WordPiece'
    )
  )

  test.prop(
    [
      fc.array(fc.tuple(fc.constantFrom(...paths(smallFile()).slice(1)), replacement), { minLength: 1, maxLength: 3 }),
      fc.string({ unit: 'binary' })
    ],
    { numRuns: 500 }
  )('a changed file makes a tokenizer or an error with a code', (changes, text) => {
    const file = smallFile()
    for (const [path, value] of changes) {
      const parent = path
        .slice(0, -1)
        .reduce<unknown>((node, key) => (node as Record<string, unknown> | undefined)?.[key], file)
      if (typeof parent === 'object' && parent !== null)
        (parent as Record<string, unknown>)[path.at(-1) as string] = structuredClone(value)
    }
    try {
      const tokenizer = makeTokenizer(file, {}, origin)
      tokenizer.decode(tokenizer.encode(text))
    } catch (error) {
      expect(isSkipwiseError(error), String((error as Error).stack)).toBe(true)
    }
  })
})

describe('plugins', () => {
  it('load by name and accept folders', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'skipwise-tokenizers-'))
    onTestFinished(() => rm(folder, { recursive: true }))
    const registry = createRegistry().register(tokenizerJson, bytes)
    const loader = registry.resolve('tokenizer', 'tokenizer-json', {})
    expect(await loader.accepts(folder)).toBe(false)
    await expect(loader.load(folder)).rejects.toThrow(/^TOKENIZER_NOT_FOUND/)
    await writeFile(join(folder, 'tokenizer.json'), '{"model":')
    expect(await loader.accepts(folder)).toBe(true)
    await expect(loader.load(folder)).rejects.toThrow(/^TOKENIZER_INVALID.*not valid JSON/)
    await writeFile(join(folder, 'tokenizer.json'), JSON.stringify(smallFile()))
    const plain = await loader.load(folder)
    await writeFile(join(folder, 'tokenizer_config.json'), '{"add_bos_token": false}')
    const configured = await loader.load(folder)
    expect([plain.addBos, configured.addBos]).toEqual([true, false])
    expect(plain.digest).toMatch(/^[0-9a-f]{64}$/)
    expect(configured.digest).not.toBe(plain.digest)
    await writeFile(join(folder, 'tokenizer_config.json'), '{"bos_token": 7}')
    await expect(loader.load(folder)).rejects.toThrow(/^TOKENIZER_INVALID.*tokenizer_config\.json.*bos_token/)
  })

  test.prop([fc.string({ unit: 'grapheme' })])('bytes: any text is decoded to itself', async text => {
    const tokenizer = await createRegistry().register(bytes).resolve('tokenizer', 'bytes', {}).load()
    expect(tokenizer.encode(text).length).toBe(Buffer.byteLength(text))
    expect(tokenizer.decode(tokenizer.encode(text))).toBe(text)
  })
})
