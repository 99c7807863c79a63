import {
  validate,
  type Chart,
  type ChartAxis,
  type EvalContext,
  type EvalResult,
  type EvalSuite,
  type LanguageModel,
  type Plugin,
  type ProgressEvent,
  type StandardSchemaV1
} from '@skipwise/core'
import { describe, expect, test } from 'vitest'
import { inductionModel } from '../models/induction-model.js'

/** What {@link describeEvalSuite} runs. */
export interface EvalSuiteConformance {
  /** A configuration that runs in about a second. */
  readonly config: unknown
  /** Makes a model it can be run on; an {@link inductionModel} by default. */
  readonly model?: () => LanguageModel
  readonly resolvePath?: (path: string) => string
}

/**
 * The conformance suite of evaluation suites; call it in a vitest file. It holds a plugin to what the recipe runner and
 * the report rely on: finite metrics, a result that survives JSON and can be repeated, determinism by seed, progress,
 * cancellation, resumption, shards, samples, charts of one series a result.
 *
 * @example
 * ```ts
 * describeEvalSuite(passkey, { config: { lengths: [500], trials: 2 } })
 * ```
 */
export function describeEvalSuite<Schema extends StandardSchemaV1>(
  plugin: Plugin<'eval-suite', string, Schema, EvalSuite>,
  { config, model = () => inductionModel(), resolvePath = path => path }: EvalSuiteConformance
): void {
  const create = () => plugin(config)
  const run = (options: Partial<EvalContext> = {}, on = model()): Promise<EvalResult> =>
    create().run(on, { seed: 0, resolvePath, ...options })

  describe(`evaluation suite '${plugin.name}'`, () => {
    test('says which suite, version and model a result is of', async () => {
      const on = model()
      const result = await run({}, on)
      expect(result).toMatchObject({ suite: plugin.name, model: on.name })
      expect(Number.isInteger(result.version) && result.version >= 1).toBe(true)
    })

    test('gives finite metrics and a result that survives JSON', async () => {
      const result = await run()
      expect(Object.keys(result.metrics)).not.toEqual([])
      for (const [name, value] of Object.entries(result.metrics)) expect(Number.isFinite(value), name).toBe(true)
      expect(throughJson(result)).toEqual(result)
    })

    test('records a configuration that repeats the run', async () => {
      const result = throughJson(await run())
      expect(throughJson(validate(plugin.config, result.config, 'PLUGIN_CONFIG', plugin.name))).toEqual(result.config)
    })

    test('gives the same result for the same seed', async () =>
      expect(await run({ seed: 7 })).toEqual(await run({ seed: 7 })))

    test('reports progress that rises to its total', async () => {
      const events: ProgressEvent[] = []
      await run({ progress: event => events.push(event) })
      expect(events).not.toEqual([])
      for (const task of new Set(events.map(event => event.task)))
        expectProgress(events.filter(event => event.task === task))
    })

    test('stops when aborted, before and during the run', async () => {
      await expect(run({ signal: AbortSignal.abort() })).rejects.toMatchObject({ name: 'AbortError' })
      const controller = new AbortController()
      await expect(run({ signal: controller.signal, progress: () => controller.abort() })).rejects.toMatchObject({
        name: 'AbortError'
      })
    })

    test('goes on from what was remembered, and gives the same result', async () => {
      const kept = new Map<string, string>()
      const on = model()
      const whole = await run({}, on)
      const remember = async <Value>(key: string, compute: () => Promise<Value>): Promise<Value> => {
        if (!kept.has(key)) kept.set(key, JSON.stringify(await compute()))
        return JSON.parse(kept.get(key) as string) as Value
      }
      expect(await run({ remember }, on)).toEqual(whole)
      const keys = [...kept.keys()]
      for (const key of keys.slice(keys.length / 2)) kept.delete(key)
      expect(await run({ remember }, on)).toEqual(whole)
      expect([...kept.keys()].sort()).toEqual(keys.sort())
    })

    test('computes its units in shards, which give the same result together', async () => {
      const on = model()
      const whole = throughJson(await run({}, on))
      const computed = new Map<string, string>()
      const plans: string[][] = []
      for (const shard of [0, 1, 2]) {
        const asked: string[] = []
        const isMine = () => (asked.length - 1) % 3 === shard
        const only = (key: string) => {
          asked.push(key)
          return isMine()
        }
        const remember = async <Value>(key: string, compute: () => Promise<Value>): Promise<Value> => {
          expect([asked.at(-1), isMine()], 'only is asked for each unit before it is remembered').toEqual([key, true])
          const value = await compute()
          computed.set(key, JSON.stringify(value))
          return value
        }
        await run({ only, remember }, on)
        plans.push(asked)
      }
      expect(plans[0]).not.toEqual([])
      expect(plans).toEqual([plans[0], plans[0], plans[0]])
      expect([...computed.keys()].sort()).toEqual([...plans[0]].sort())
      const remember = async <Value>(key: string): Promise<Value> => JSON.parse(computed.get(key) as string) as Value
      expect(throughJson(await run({ remember }, on))).toEqual(whole)
    })

    test('makes its metrics up of samples, each unit once', async () => {
      const result = throughJson(await run())
      for (const { metric, scale, units } of create().samples?.(result) ?? []) {
        const sum = (of: 'value' | 'weight') => units.reduce((total, unit) => total + unit[of], 0)
        const mean = sum('value') / sum('weight')
        expect(scale === 'exponential' ? Math.exp(mean) : mean, metric).toBeCloseTo(result.metrics[metric], 9)
        expect(new Set(units.map(({ id }) => id)).size, metric).toBe(units.length)
      }
    })

    test('leaves the model to its owner', async () => {
      let disposed = false
      await run({}, { ...model(), dispose: () => void (disposed = true) })
      expect(disposed).toBe(false)
    })

    test('draws one series a result, in order, also from JSON', async () => {
      const result = throughJson(await run())
      const named = [result, { ...result, model: 'second' }]
      const suite = create()
      expect(suite.charts([])).toEqual([])
      for (const chart of suite.charts(named)) {
        expect(chart.series.map(({ name }) => name)).toEqual(named.map(each => each.model))
        expectChart(chart)
      }
    })
  })
}

const throughJson = <T>(value: T): T => JSON.parse(JSON.stringify(value)) as T

function expectProgress(events: readonly ProgressEvent[]): void {
  const [{ total, unit }] = events
  let before = 0
  for (const event of events) {
    expect(event).toMatchObject({ total, unit })
    expect(event.done).toBeGreaterThanOrEqual(before)
    before = event.done
  }
  expect(before).toBe(total)
}

function expectChart(chart: Chart): void {
  for (const text of [chart.id, chart.title, chart.description, chart.x.label, chart.y.label])
    expect(text).toMatch(/\S/)
  if (chart.kind === 'bar') {
    for (const { values, intervals = [] } of chart.series) {
      expect(values).toHaveLength(chart.x.categories.length)
      expectValues([...values, ...intervals.flatMap(interval => interval ?? [])], chart.y)
    }
  } else if (chart.kind === 'heat-map') {
    for (const { cells } of chart.series) {
      expect(cells.map(row => row.length)).toEqual(chart.y.categories.map(() => chart.x.categories.length))
      expectValues(cells.flat(), chart.value)
    }
  } else {
    for (const { points } of chart.series) {
      expectValues(
        points.map(([x]) => x),
        chart.x
      )
      expectValues(
        points.map(([, y]) => y),
        chart.y
      )
    }
  }
}

function expectValues(values: readonly (number | null)[], { scale, label }: ChartAxis): void {
  for (const value of values)
    if (value !== null)
      expect(Number.isFinite(value) && (scale === 'linear' || value > 0), `${label} = ${value}`).toBe(true)
}
