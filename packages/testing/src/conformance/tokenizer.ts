import {
  isSkipwiseError,
  type Plugin,
  type StandardSchemaV1,
  type Tokenizer,
  type TokenizerLoader
} from '@skipwise/core'
import fc from 'fast-check'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'

/** What {@link describeTokenizer} runs over. */
export interface TokenizerConformance {
  /** A model folder that the plugin loads; one that needs no files is given any. */
  readonly folder: string
  /** A configuration, as a user would write it; `{}` if not given. */
  readonly config?: unknown
  /**
   * Text that `decode(encode(text))` gives for a text without lone surrogates: the text itself if not given. `false`
   * for a vocabulary or a normalizer that loses characters, which nothing can then be asked about the way back.
   */
  readonly roundTrip?: ((text: string) => string) | false
  /** Random texts a property is tried on; 100 if not given. */
  readonly runs?: number
}

const usualTexts: readonly string[] = [
  '',
  ' ',
  'a',
  'Hello world',
  '  two  spaces  ',
  'line\nbreaks\r\n\n\ttabs',
  "don't stop: 3.14, 1,000 (x == y)",
  'naïve café',
  'e\u0301',
  '日本語のテキスト',
  'Ελληνικά',
  'العربية',
  '👩‍👩‍👧 😀',
  '\u200b',
  'the '.repeat(300)
]

const pieces = fc.oneof(
  { weight: 3, arbitrary: fc.stringMatching(/^[A-Za-z]{1,9}$/) },
  fc.constantFrom(' ', '  ', '\n', '12345', '.', 'é', '日本', '😀'),
  fc.string({ unit: 'binary', maxLength: 5 })
)
const texts = fc.array(pieces, { maxLength: 40 }).map(parts => parts.join('').replace(/\p{Surrogate}/gu, '\uFFFD'))

/**
 * The conformance suite of tokenizers; call it in a vitest file. It holds a plugin to what data, evaluation and
 * generation rely on: ids below the vocabulary's size and without special tokens, the same ids every time, the text
 * back as far as `roundTrip` says, special ids left out of texts, texts that only grow while ids come one by one, and
 * coded errors where a folder has nothing to load.
 *
 * @example
 * ```ts
 * describeTokenizer(tokenizerJson, { folder: tinyLlama.folder })
 * ```
 */
export function describeTokenizer<Schema extends StandardSchemaV1>(
  plugin: Plugin<'tokenizer', string, Schema, TokenizerLoader>,
  { folder, config = {}, roundTrip = text => text, runs = 100 }: TokenizerConformance
): void {
  const create = () => plugin(config)
  let loaded: Promise<Tokenizer> | undefined
  const load = () => (loaded ??= create().load(folder))
  const hold = async (property: (tokenizer: Tokenizer, text: string) => void) => {
    const tokenizer = await load()
    for (const text of usualTexts) property(tokenizer, text)
    fc.assert(
      fc.property(texts, text => property(tokenizer, text)),
      { numRuns: runs }
    )
  }

  describe(`tokenizer '${plugin.name}'`, () => {
    test('is a frozen plugin of this kind', () => {
      expect(plugin.kind).toBe('tokenizer')
      expect(Object.isFrozen(plugin)).toBe(true)
      expect(plugin.summary).toMatch(/\S/)
    })

    test('accepts no folder without files; where it reads files, it says so with a code', async () => {
      const empty = await mkdtemp(join(tmpdir(), 'skipwise-tokenizer-'))
      const missing = join(empty, 'missing')
      try {
        for (const nothing of [empty, missing]) {
          expect(await create().accepts(nothing)).toBe(false)
          if (!(await create().accepts(folder))) continue
          const error = await create()
            .load(nothing)
            .then(
              () => undefined,
              (reason: unknown) => reason
            )
          expect(isSkipwiseError(error), String(error)).toBe(true)
        }
      } finally {
        await rm(empty, { recursive: true })
      }
    })

    test('states its vocabulary and its special ids', async () => {
      const { vocabSize, bosId, eosId, addBos, addEos = false, digest } = await load()
      expect(Number.isInteger(vocabSize) && vocabSize > 0).toBe(true)
      for (const id of [bosId, eosId])
        if (id !== undefined) expect(Number.isInteger(id) && id >= 0 && id < vocabSize, `special id ${id}`).toBe(true)
      if (addBos) expect(bosId).toBeDefined()
      if (addEos) expect(eosId).toBeDefined()
      if (digest !== undefined) expect(digest).toBe((await create().load(folder)).digest)
    })

    test('encodes to ids of its vocabulary, without special tokens', () =>
      hold(({ encode, vocabSize, bosId, eosId }, text) => {
        const ids = encode(text)
        expect(ids).toBeInstanceOf(Int32Array)
        expect(ids.every(id => id >= 0 && id < vocabSize)).toBe(true)
        for (const id of [bosId, eosId])
          if (id !== undefined) expect(ids.includes(id), `special id ${id} in ${JSON.stringify(text)}`).toBe(false)
        if (text === '') expect(ids).toHaveLength(0)
      }))

    test('gives the same ids every time, and no array that it keeps', async () => {
      const other = await create().load(folder)
      await hold(({ encode }, text) => {
        const first = encode(text)
        const kept = first.slice()
        first.fill(-1)
        expect(encode(text)).toEqual(kept)
        expect(other.encode(text)).toEqual(kept)
      })
    })

    test.skipIf(roundTrip === false)('decodes the ids of a text to it', () =>
      hold(({ encode, decode }, text) => {
        if (roundTrip) expect(decode(encode(text)), JSON.stringify(text)).toBe(roundTrip(text))
      })
    )

    test('decodes arrays of any kind, and leaves special ids out', () =>
      hold(({ encode, decode, bosId, eosId }, text) => {
        const ids = encode(text)
        const known = decode(ids)
        const around = [bosId, ...ids, eosId].filter(id => id !== undefined)
        expect(decode(Array.from(ids))).toBe(known)
        expect(decode(around), JSON.stringify(text)).toBe(known)
      }))

    test('decodes ids that come one by one to a text that only grows', () =>
      hold(({ encode, decode }, text) => {
        const ids = encode(text).subarray(0, 100)
        const whole = decode(ids)
        // the bytes of a character may come in several ids: until the last of them the text ends in U+FFFD
        for (let n = 0; n <= ids.length; n++) {
          const sofar = decode(ids.subarray(0, n)).replace(/\uFFFD+$/, '')
          expect(whole.startsWith(sofar), `${n} of ${ids.length} ids of ${JSON.stringify(text)}`).toBe(true)
        }
      }))
  })
}
