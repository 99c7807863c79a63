import { createRegistry, validate, type HeatMapChart, type LanguageModel, type ProgressEvent } from '@skipwise/core'
import { byteTokenizer, describeEvalSuite, inductionModel } from '@skipwise/testing'
import { describe, expect, it } from 'vitest'
import { passkey } from './index.js'
import type { PasskeyDetails } from './results.js'

const registry = createRegistry().register(passkey)
const context = { seed: 3, resolvePath: (path: string) => path }

describeEvalSuite(passkey, { config: { lengths: [420, 600], trials: 4 } })

describe('the passkey suite', () => {
  it('finds every key inside the window of a model that copies, and loses those outside', async () => {
    const suite = registry.resolve('eval-suite', 'passkey', { lengths: [500, 1000, 2000], trials: 10 })
    const result = await suite.run(inductionModel({ window: 1000 }), context)
    const details = result.details as PasskeyDetails
    expect(result.metrics['passkey@500']).toBe(1)
    expect(result.metrics['passkey@1000']).toBe(1)
    for (const trial of details.lengths[2].trials) {
      // The question stands at the end: a key more than a window before it is out of sight.
      const distance = trial.tokens - trial.keyPosition
      if (distance > 1010) expect(trial.correct).toBe(false)
      if (distance < 1000) expect(trial.correct).toBe(true)
    }
    expect(result.metrics['passkey@2000']).toBeGreaterThan(0.2)
    expect(result.metrics['passkey@2000']).toBeLessThan(0.8)
  })

  it('reports real lengths and stratified depths', async () => {
    const suite = registry.resolve('eval-suite', 'passkey', { lengths: [3000], trials: 10 })
    const {
      lengths: [measured]
    } = (await suite.run(inductionModel({ window: 10 }), context)).details as PasskeyDetails
    measured.trials.forEach(({ tokens, depth, key }, i) => {
      expect(tokens).toBeLessThanOrEqual(3000)
      expect(tokens).toBeGreaterThan(2990)
      expect(depth).toBeGreaterThan(i / 10 - 0.02)
      expect(depth).toBeLessThan((i + 1) / 10 + 0.02)
      expect(key).toMatch(/^[1-9]\d{4}$/)
    })
    expect(measured.depths.reduce((sum, band) => sum + band.trials, 0)).toBe(10)
    expect(measured.depths.map(({ from }) => from)).toEqual([0, 0.2, 0.4, 0.6, 0.8])
  })

  it('compares exact digits and stops generating after them', async () => {
    const saying = (text: (key: string) => string): LanguageModel & { taken: number } => {
      const model = inductionModel()
      const tokenizer = byteTokenizer()
      const answering = {
        ...model,
        taken: 0,
        async *generate(ids: Int32Array) {
          for (const id of tokenizer.encode(text(/key is (\d+)\./.exec(tokenizer.decode(ids))?.[1] ?? ''))) {
            answering.taken++
            yield id
          }
        }
      }
      return answering
    }
    const accuracy = async (model: LanguageModel) =>
      (await registry.resolve('eval-suite', 'passkey', { lengths: [500], trials: 2 }).run(model, context)).metrics[
        'passkey@500'
      ]
    expect(await accuracy(saying(key => ` ${key}.`))).toBe(1)
    expect(await accuracy(saying(key => ` number ${key}`))).toBe(1)
    expect(await accuracy(saying(key => ` ${key}7`))).toBe(0)
    expect(await accuracy(saying(key => ` ${key.slice(1)}`))).toBe(0)
    expect(await accuracy(saying(() => ' I do not know'))).toBe(0)
    const talkative = saying(key => ` ${key}. Remember it.`)
    await accuracy(talkative)
    expect(talkative.taken).toBe(2 * ' 12345.'.length)
  })

  it('draws keys that depend on seed, length and trial alone', async () => {
    const keys = async (lengths: number[], seed: number) => {
      const result = await registry
        .resolve('eval-suite', 'passkey', { lengths, trials: 3 })
        .run(inductionModel({ window: 10 }), { ...context, seed })
      return (result.details as PasskeyDetails).lengths.map(({ trials }) => trials.map(({ key }) => key))
    }
    const [at500, at600] = await keys([500, 600], 1)
    expect(await keys([600], 1)).toEqual([at600])
    expect(at500).not.toEqual(at600)
    expect(await keys([600], 2)).not.toEqual([at600])
  })

  it('refuses a length without room before any work', async () => {
    const events: ProgressEvent[] = []
    const run = registry
      .resolve('eval-suite', 'passkey', { lengths: [500, 64] })
      .run(inductionModel(), { ...context, progress: event => events.push(event) })
    await expect(run).rejects.toThrow('PASSKEY_LENGTH')
    expect(events).toEqual([])
  })

  it('refuses unknown keys and impossible values', () => {
    const check = (config: unknown) => () => validate(passkey.config, config, 'PLUGIN_CONFIG', 'passkey')
    expect(check({ lengths: [500], trails: 3 })).toThrow('trails')
    expect(check({ lengths: [] })).toThrow('lengths')
    expect(check({ lengths: [500, 500] })).toThrow('twice')
    expect(check({ lengths: [500], digits: 10 })).toThrow('digits')
  })

  it('charts accuracy in percent with the window of each model', async () => {
    const suite = registry.resolve('eval-suite', 'passkey', { lengths: [600, 1200], trials: 2 })
    const [chart] = suite.charts([await suite.run(inductionModel({ window: 600 }), context)])
    expect(chart.y).toMatchObject({ percent: true, domain: [0, 1] })
    expect(chart).toMatchObject({ rules: [{ x: 600, label: 'window of 600' }] })
    expect(chart.description).toContain('100 % at 600')
  })

  it('charts length × depth, with nothing where no key stood', async () => {
    const suite = registry.resolve('eval-suite', 'passkey', { lengths: [600, 2400], trials: 3 })
    const result = await suite.run(inductionModel({ window: 900 }), context)
    const [, chart] = suite.charts([result])
    const {
      lengths: [, long]
    } = result.details as PasskeyDetails
    expect(chart).toMatchObject({
      kind: 'heat-map',
      x: { categories: ['600', '2400'] },
      y: { categories: ['0–20 %', '20–40 %', '40–60 %', '60–80 %', '80–100 %'] },
      value: { percent: true, domain: [0, 1] }
    })
    expect((chart as HeatMapChart).series[0].cells.map(([, cell]) => cell)).toEqual(
      long.depths.map(({ trials, correct }) => (trials === 0 ? null : correct / trials))
    )
    expect((chart as HeatMapChart).series[0].cells.flat()).toContain(null)
    expect(chart.description).toContain('lowest with 0 % at 2400 tokens')
  })
})
