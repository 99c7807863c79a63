import { sharedFixture } from '@skipwise/testing'
import { fc, test as property } from '@fast-check/vitest'
import { readFileSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { IdBuffer } from '../id-buffer.js'
import { parseModel } from './model-file.js'
import { normalize, normalizedBlocks } from './normalize.js'
import { loadSentencePiece } from './plugin.js'
import { indexVocabulary } from './vocabulary.js'
import { goldenFolder, goldenModel } from '../../test/sentencepiece.js'

interface Golden {
  readonly origin: string
  readonly models: Readonly<
    Record<
      string,
      {
        readonly size: number
        readonly bos: number
        readonly eos: number
        readonly encoded: readonly {
          readonly text: string
          readonly ids: readonly number[]
          readonly decoded: string
        }[]
        readonly decoded: readonly { readonly ids: readonly number[]; readonly decoded: string }[]
      }
    >
  >
}
// tools/golden/sentencepiece_models.py
const golden = JSON.parse(readFileSync(join(goldenFolder, 'golden.json'), 'utf8')) as Golden

describe(`encodings of ${golden.origin}`, () => {
  test.each(Object.keys(golden.models))('%s: ids and texts', name => {
    const { size, bos, eos, encoded, decoded } = golden.models[name]
    const tokenizer = goldenModel(name)
    expect([tokenizer.vocabSize, tokenizer.bosId ?? -1, tokenizer.eosId ?? -1]).toEqual([size, bos, eos])
    expect(encoded.length).toBeGreaterThan(50)
    for (const { text, ids, decoded } of encoded) {
      expect(Array.from(tokenizer.encode(text)), JSON.stringify(text)).toEqual(ids)
      expect(tokenizer.decode(ids), JSON.stringify(text)).toBe(decoded)
    }
    for (const { ids, decoded: text } of decoded) expect(tokenizer.decode(ids), String(ids)).toBe(text)
  })

  const fixtures = sharedFixture('tokenizers')
  test.skipIf(!fixtures)('the shared fixture', async () => {
    const tokenizer = await loadSentencePiece(join(fixtures as string, 'sentencepiece-bpe'))
    const { sets } = JSON.parse(await readFile(join(fixtures as string, 'golden.json'), 'utf8')) as {
      sets: Record<string, { text: string; ids_plain: number[]; decoded: string }[]>
    }
    for (const { text, ids_plain, decoded } of sets['sentencepiece-bpe']) {
      expect(Array.from(tokenizer.encode(text)), JSON.stringify(text)).toEqual(ids_plain)
      expect(tokenizer.decode(ids_plain)).toBe(decoded)
    }
  })
})

interface RealGolden {
  readonly source: string
  readonly cases: readonly { readonly text: string; readonly ids: readonly number[]; readonly decoded: string }[]
}
const real = sharedFixture('tokenizers/llama-1-real')

test.skipIf(!real)(`a real LLaMA model${real ? '' : ' (skipped: there is no ../shared)'}`, async () => {
  const folder = real as string
  const { cases } = JSON.parse(await readFile(join(folder, 'golden.json'), 'utf8')) as RealGolden
  const tokenizer = await loadSentencePiece(folder)
  expect(cases.length).toBe(412)
  for (const { text, ids, decoded } of cases) {
    expect(Array.from(tokenizer.encode(text)), JSON.stringify(text)).toEqual(ids)
    expect(tokenizer.decode(ids), JSON.stringify(text)).toBe(decoded)
  }
})

describe('blocks', () => {
  const model = parseModel(readFileSync(join(goldenFolder, 'llama.model')), 'llama')
  const vocabulary = indexVocabulary(model)
  const rules = { ...model.normalizer, whitespaceAsSuffix: false, matchUserDefined: undefined }
  const text = fc
    .array(
      fc.oneof(
        fc.constantFrom('the', 'world', ' ', ' ', '  ', 'é', '日本', '😀', '\ud83d', '\u2581', '\n', '12'),
        fc.string({ unit: 'binary', maxLength: 4 })
      ),
      { maxLength: 60 }
    )
    .map(parts => parts.join(''))
  const idsOf = (blocks: Iterable<string>) => {
    const ids = new IdBuffer()
    vocabulary.encode(blocks, ids)
    return Array.from(ids.finish())
  }

  property.prop([text, fc.integer({ min: 2, max: 20 }), fc.boolean()], { numRuns: 500 })(
    'give the ids of the whole, and join to it',
    (text, block, prefix) => {
      const blocks = [...normalizedBlocks(text, rules, prefix, vocabulary.joins, block)]
      expect(blocks.join('')).toBe(normalize(text, rules, prefix))
      expect(idsOf(blocks)).toEqual(idsOf([normalize(text, rules, prefix)]))
    }
  )

  test('are many for a long text, and one where rules look further than a character', () => {
    const long = 'the world of it '.repeat(20_000)
    expect([...normalizedBlocks(long, rules, true, vocabulary.joins)].length).toBe(5)
    expect([...normalizedBlocks(long, { ...rules, removeExtraWhitespaces: true }, true, vocabulary.joins)].length).toBe(
      1
    )
    expect([...normalizedBlocks(long, rules, true, undefined)].length).toBe(1)
  })
})

property.prop([fc.string({ unit: 'binary' })], { numRuns: 300 })(
  'a model with bytes and without rules decodes any text to itself',
  text => {
    const tokenizer = goldenModel('llama')
    const wellFormed = text.replace(/\p{Surrogate}/gu, '\ufffd')
    // U+2581 is how spaces are written.
    expect(tokenizer.decode(tokenizer.encode(text))).toBe(wellFormed.replaceAll('\u2581', ' '))
  }
)

test('a long word takes time in proportion to its length, and so does a long text', () => {
  const tokenizer = goldenModel('across')
  const seconds = (text: string) => {
    // of this process: what else the machine does is not counted
    const started = process.cpuUsage()
    expect(tokenizer.encode(text).length).toBeGreaterThan(text.length / 20)
    return process.cpuUsage(started).user
  }
  const sentence = 'there would be no more of these then and that is all the world knows about it '
  for (const unit of ['the', sentence]) {
    seconds(unit.repeat(Math.ceil(20_000 / unit.length)))
    const short = seconds(unit.repeat(Math.ceil(40_000 / unit.length)))
    const long = seconds(unit.repeat(Math.ceil(640_000 / unit.length)))
    // Sixteen times the text: quadratic work would take 256 times as long.
    expect(long).toBeLessThan(64 * short)
  }
})
