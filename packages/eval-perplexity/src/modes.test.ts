import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fc, test } from '@fast-check/vitest'
import type { LanguageModel } from '@skipwise/core'
import { byteTokenizer, inductionModel } from '@skipwise/testing'
import { afterAll, describe, expect, it } from 'vitest'
import golden from './golden/modes.json' with { type: 'json' }
import { perplexityModes } from './modes/index.js'
import { perplexity } from './index.js'
import type { PerplexityDetails } from './result.js'

const folder = mkdtempSync(join(tmpdir(), 'skipwise-modes-'))
afterAll(() => rmSync(folder, { recursive: true }))
writeFileSync(join(folder, 'golden.jsonl'), golden.documents.map(text => JSON.stringify({ text })).join('\n'))

/**
 * The formula of tools/golden/perplexity_modes.py: it speaks of the token, the one before it and the place in what is
 * fed.
 */
const formula: LanguageModel = {
  ...inductionModel(),
  async score(fed, { from = 0 } = {}) {
    return Float64Array.from({ length: fed.length - 1 }, (_, t) =>
      t < from ? 0 : -(0.5 + ((7 * fed[t] + 3 * fed[t + 1] + 11 * t) % 101) / 40)
    )
  }
}

async function run(config: object, model = formula) {
  const suite = perplexity({ data: 'golden.jsonl', windows: [], ...config })
  return suite.run(model, { seed: 0, resolvePath: path => join(folder, path) })
}

describe('modes of peers equal their scripts', () => {
  it.each(golden.cases)(
    '$mode: W $window, S $stride, bos $bos',
    async ({ mode, window, stride, bos, minTokens, perplexity }) => {
      const { metrics } = await run({ mode, windows: [window], stride, bos: bos ? 'always' : 'never', minTokens })
      expect(metrics[`perplexity@${window}`]).toBeCloseTo(perplexity, 12)
    }
  )

  it.each(golden.rolling)('lm-eval-rolling: W $window, BOS in the text $bos', async ({ window, bos, nll, tokens }) => {
    const { metrics, details } = await run({
      mode: 'lm-eval-rolling',
      windows: [window],
      bos: bos ? 'always' : 'never'
    })
    const [result] = (details as PerplexityDetails).windows
    const bytes = golden.documents.join('').length
    expect(result).toMatchObject({ tokens, bytes, words: golden.documents.length })
    expect(result.nll).toBeCloseTo(nll, 9)
    expect(metrics[`word-perplexity@${window}`] / Math.exp(nll / golden.documents.length)).toBeCloseTo(1, 9)
    expect(metrics[`byte-perplexity@${window}`]).toBeCloseTo(Math.exp(nll / bytes), 12)
    expect(metrics[`bits-per-byte@${window}`]).toBeCloseTo(nll / bytes / Math.log(2), 12)
  })
})

describe('yarn-unweighted and lm-eval-rolling equal sums over raw log probabilities', () => {
  const texts = fc.array(fc.string({ unit: fc.constantFrom(...'abcd '), minLength: 40, maxLength: 160 }), {
    minLength: 1,
    maxLength: 4
  })
  const geometry = fc.record({
    window: fc.integer({ min: 4, max: 39 }),
    stride: fc.integer({ min: 1, max: 45 }),
    bos: fc.boolean()
  })
  const model = inductionModel({ window: 30 })
  const { encode } = byteTokenizer()
  const runTexts = (texts: readonly string[], config: object) => {
    writeFileSync(join(folder, 'random.jsonl'), texts.map(text => JSON.stringify({ text })).join('\n'))
    return run({ data: 'random.jsonl', ...config }, model)
  }

  test.prop([texts, geometry], { numRuns: 60 })('yarn-unweighted', async (texts, { window, stride, bos }) => {
    const means: number[] = []
    const prefix = bos ? [256] : []
    const length = window - prefix.length
    for (const ids of texts.map(text => [...encode(text)])) {
      let counted = 0
      for (let begin = 0; begin < ids.length && counted < ids.length; begin += stride) {
        const fed = Int32Array.of(...prefix, ...ids.slice(begin, begin + length))
        const fresh = Math.min(begin + length, ids.length) - counted
        const scores = await model.score(fed)
        const last = scores.slice(Math.max(0, scores.length - fresh))
        if (last.length > 0) means.push(-last.reduce((a, b) => a + b) / last.length)
        counted += fresh
      }
    }
    const expected = Math.exp(means.reduce((a, b) => a + b) / means.length)
    const { metrics } = await runTexts(texts, {
      mode: 'yarn-unweighted',
      windows: [window],
      stride,
      bos: bos ? 'always' : 'never'
    })
    expect(metrics[`perplexity@${window}`] / expected).toBeCloseTo(1, 9)
  })

  test.prop([texts, geometry], { numRuns: 60 })('lm-eval-rolling', async (texts, { window, bos }) => {
    let nll = 0
    let tokens = 0
    for (const text of texts) {
      const ids = [...(bos ? [256] : []), ...encode(text)]
      for (let predicted = 0; predicted < ids.length; predicted = Math.min(predicted + window, ids.length)) {
        const end = Math.min(predicted + window, ids.length)
        const fed = predicted === 0 ? [256, ...ids.slice(0, end)] : ids.slice(end - window - 1, end)
        nll -= (await model.score(Int32Array.from(fed))).slice(predicted - end).reduce((a, b) => a + b)
        tokens += end - predicted
      }
    }
    const { details } = await runTexts(texts, {
      mode: 'lm-eval-rolling',
      windows: [window],
      bos: bos ? 'always' : 'never'
    })
    const [result] = (details as PerplexityDetails).windows
    expect(result.tokens).toBe(tokens)
    expect(result.nll).toBeCloseTo(nll, 8)
    expect(result.perplexity / Math.exp(nll / tokens)).toBeCloseTo(1, 9)
  })
})

describe('windows', () => {
  const geometry = fc.integer({ min: 3, max: 60 }).chain(window =>
    fc.record({
      n: fc.integer({ min: 1, max: 300 }),
      window: fc.constant(window),
      stride: fc.integer({ min: 1, max: window - 1 }),
      prefix: fc.boolean()
    })
  )

  for (const mode of perplexityModes.filter(({ reduce }) => reduce === 'sum')) {
    test.prop([geometry])(
      `of ${mode.name} score every token exactly once, in order, and feed no more than W (and the last target)`,
      ({ n, window, stride, prefix }) => {
        const scored: number[] = []
        const hasPrefix = mode.prefix === 'bos' ? prefix : true
        for (const fed of mode.windows(n, { window, stride, prefix: hasPrefix })) {
          expect(fed.begin).toBeGreaterThanOrEqual(0)
          expect(fed.end - fed.begin + Number(fed.prefix)).toBeLessThanOrEqual(
            mode.prefix === 'bos' ? window : window + 1
          )
          for (let i = fed.scored; i < fed.end; i++) scored.push(i)
        }
        expect(scored).toEqual(Array.from({ length: n }, (_, i) => i))
      }
    )
  }

  // reference/peers.md, section 5: n = 32767, W′ = 8191, S = 256 makes 97 windows, of which the first scores 25.0 % of
  // the tokens.
  it('of sliding are those of yarn and PoSE', () => {
    const windows = [...perplexityModes[0].windows(32767, { window: 8192, stride: 256, prefix: true })]
    expect(windows).toHaveLength(97)
    expect(windows[0]).toMatchObject({ begin: 0, scored: 0, end: 8191 })
    expect(windows[96]).toMatchObject({ begin: 24576, scored: 32511, end: 32767 })
  })

  test.prop([geometry])(
    'of press in a document of one stream are those of sliding where S divides W',
    ({ n, stride, window }) => {
      const W = stride * Math.ceil(window / stride)
      const geometry = { window: W, stride, prefix: false }
      const tokens = (name: string) =>
        [...(perplexityModes.find(mode => mode.name === name) as (typeof perplexityModes)[0]).windows(n, geometry)].map(
          ({ scored, end }) => [scored, end]
        )
      if (W > stride) expect(tokens('press')).toEqual(tokens('sliding'))
    }
  )
})
