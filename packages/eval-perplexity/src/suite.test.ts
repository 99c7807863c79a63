import { createHash } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { createRegistry, validate, type ProgressEvent } from '@skipwise/core'
import { byteTokenizer, describeEvalSuite, inductionModel } from '@skipwise/testing'
import { afterAll, describe, expect, it } from 'vitest'
import { perplexity } from './index.js'
import type { PerplexityDetails } from './result.js'

const folder = mkdtempSync(join(tmpdir(), 'skipwise-perplexity-'))
afterAll(() => rmSync(folder, { recursive: true }))

const sentence = (i: number) =>
  `Sentence ${i} speaks of ${['rope', 'tables', 'windows', 'chunks'][(i * i) % 4]} and of ${i * 7919}. `
const text = (sentences: number) => Array.from({ length: sentences }, (_, i) => sentence(i)).join('')
const texts = [text(12), text(4), text(15), text(9) + text(9)]
writeFileSync(join(folder, 'some.jsonl'), texts.map(text => JSON.stringify({ text })).join('\n'))
writeFileSync(join(folder, 'some.jsonl.gz'), gzipSync(texts.map(text => JSON.stringify({ text })).join('\n')))
writeFileSync(join(folder, 'one.txt'), texts[0])

const registry = createRegistry().register(perplexity)
const context = { seed: 3, resolvePath: (path: string) => join(folder, path) }
const config = { data: 'some.jsonl', windows: [64, 256], stride: 32 }

describeEvalSuite(perplexity, { config, resolvePath: context.resolvePath })

describe('the perplexity suite', () => {
  it('scores the same documents and tokens at every window, token-weighted', async () => {
    const result = await registry.resolve('eval-suite', 'perplexity', config).run(inductionModel(), context)
    const { windows, documents, tooShort } = result.details as PerplexityDetails
    const kept = texts.filter(text => text.length + 1 >= 256)
    expect(documents.map(({ tokens }) => tokens)).toEqual(kept.map(text => text.length))
    expect(documents[1].source).toBe('some.jsonl:3')
    expect(documents[0].sha256).toBe(createHash('sha256').update(texts[0]).digest('hex'))
    expect(tooShort).toBe(texts.length - kept.length)
    for (const window of windows) {
      expect(window.tokens).toBe(kept.join('').length)
      expect(window.minimumContext).toBe(window.window - 32)
      expect(window.perplexity).toBeCloseTo(
        Math.exp(window.documents.reduce((sum, { nll }) => sum + nll, 0) / window.tokens),
        12
      )
      expect(result.metrics[`perplexity@${window.window}`]).toBe(window.perplexity)
      const [low, high] = window.interval as [number, number]
      expect(low).toBeLessThanOrEqual(window.perplexity)
      expect(high).toBeGreaterThanOrEqual(window.perplexity)
    }
    // The repeated half of the last document helps only who sees it.
    expect(windows[1].perplexity).toBeLessThan(windows[0].perplexity)
  })

  it('reads gzip and text the same as JSONL', async () => {
    const run = (data: string, documents: number) =>
      registry.resolve('eval-suite', 'perplexity', { ...config, data, documents }).run(inductionModel(), context)
    const one = await run('some.jsonl', 1)
    expect((await run('some.jsonl.gz', 1)).metrics).toEqual(one.metrics)
    expect((await run('one.txt', 1)).metrics).toEqual(one.metrics)
    expect((one.details as PerplexityDetails).windows[0].interval).toBeNull()
  })

  it('cuts documents to maxTokens with BOS, so that the largest window takes one pass that the first of every other shares', async () => {
    const events: ProgressEvent[] = []
    const suite = registry.resolve('eval-suite', 'perplexity', { ...config, maxTokens: 256 })
    const { details } = await suite.run(inductionModel(), { ...context, progress: event => events.push(event) })
    const { documents } = details as PerplexityDetails
    expect(documents.every(({ tokens }) => tokens === 255)).toBe(true)
    expect(events.at(-1)?.total).toBe((256 + 6 * 64) * documents.length)
  })

  it('keeps to its BOS policy', async () => {
    const run = (bos: 'tokenizer' | 'always' | 'never', tokenizer = byteTokenizer()) =>
      registry.resolve('eval-suite', 'perplexity', { ...config, bos }).run(inductionModel({ tokenizer }), context)
    const bosOf = async (...args: Parameters<typeof run>) => ((await run(...args)).details as PerplexityDetails).bos
    expect(await bosOf('tokenizer')).toBe(true)
    expect(await bosOf('tokenizer', byteTokenizer({ addBos: false }))).toBe(false)
    expect(await bosOf('always', byteTokenizer({ addBos: false }))).toBe(true)
    expect(await bosOf('never')).toBe(false)
    await expect(run('always', { ...byteTokenizer(), bosId: undefined })).rejects.toThrow('PERPLEXITY_NO_BOS')
  })

  it('says when no document is long enough', async () => {
    const suite = registry.resolve('eval-suite', 'perplexity', { ...config, windows: [4096] })
    await expect(suite.run(inductionModel(), context)).rejects.toThrow(
      /PERPLEXITY_NO_DOCUMENTS: none of the 4 documents of some.jsonl has 4096 tokens; the longest has \d+/
    )
  })

  it('chooses a stride that fits and refuses what cannot be measured', () => {
    const check = (changes: object) =>
      validate(perplexity.config, { ...config, stride: undefined, ...changes }, 'PLUGIN_CONFIG', 'perplexity')
    expect(check({ windows: [128, 4096] })).toMatchObject({ stride: 64, minTokens: 4096 })
    expect(check({ windows: [2048, 4096] }).stride).toBe(256)
    expect(() => check({ stride: 64 })).toThrow('stride: must be smaller than the smallest window, 64')
    expect(() => check({ minTokens: 100 })).toThrow('minTokens')
    expect(() => check({ maxTokens: 100 })).toThrow('maxTokens')
    expect(() => check({ window: 3 })).toThrow('window')
    expect(() => check({ windows: [64, 64] })).toThrow('twice')
  })

  it('charts on a log axis when values span more than ten times', async () => {
    const suite = registry.resolve('eval-suite', 'perplexity', config)
    const result = await suite.run(inductionModel({ window: 64 }), context)
    expect(suite.charts([result])[0]).toMatchObject({ y: { scale: 'linear' } })
    const [chart] = suite.charts([result, { ...result, metrics: { 'perplexity@64': 5, 'perplexity@256': 900 } }])
    expect(chart).toMatchObject({
      y: { scale: 'log' },
      rules: [{ x: 64, label: 'window of 64' }],
      series: [
        {},
        {
          points: [
            [64, 5],
            [256, 900]
          ]
        }
      ]
    })
  })
})
