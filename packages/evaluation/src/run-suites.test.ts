import type { EvalContext, EvalResult, EvalSuite, LanguageModel, ProgressEvent } from '@skipwise/core'
import { expect, it } from 'vitest'
import type { Journal } from './journal.js'
import { runSuites } from './record.js'

const model: LanguageModel = {
  name: 'm',
  vocabSize: 1,
  maxLength: 1,
  tokenizer: {
    vocabSize: 1,
    bosId: undefined,
    eosId: undefined,
    addBos: false,
    encode: () => new Int32Array(),
    decode: () => ''
  },
  score: () => Promise.reject(new Error('not scored')),
  generate: () => {
    throw new Error('not generated')
  },
  dispose: () => undefined
}

const suiteOf = (name: string, run: (context: EvalContext) => Promise<unknown>): EvalSuite => ({
  run: async (_, context): Promise<EvalResult> => ({
    suite: name,
    version: 1,
    model: 'm',
    config: {},
    metrics: {},
    details: await run(context)
  }),
  charts: () => []
})

const context = { seed: 7, resolvePath: (path: string) => `/base/${path}` }

/** Keeps nothing, and says what was done with it. */
function journalOf(log: string[], i: number): Journal {
  return {
    remember: (key, compute) => (log.push(`${i} ${key}`), compute()),
    remove: async () => void log.push(`${i} removed`),
    close: async () => void log.push(`${i} closed`)
  }
}

it('runs suites in their order, each with its journal and its place', async () => {
  const log: string[] = []
  const suite = (name: string) =>
    suiteOf(name, async ({ seed, resolvePath, remember }) => [
      seed,
      resolvePath(name),
      await remember?.('u', async () => 1)
    ])
  const results = await runSuites(model, [suite('a'), suite('b')], context, async i => journalOf(log, i))
  expect(results.map(({ suite, details }) => [suite, details])).toEqual([
    ['a', [7, '/base/a', 1]],
    ['b', [7, '/base/b', 1]]
  ])
  expect(log).toEqual(['0 u', '0 closed', '1 u', '1 closed'])
})

it('labels the events, and passes them as they are without a label', async () => {
  const event: ProgressEvent = { task: 'score', done: 1, total: 2, unit: 'tokens' }
  const suite = suiteOf('a', async ({ progress }) => progress?.(event))
  const seen: ProgressEvent[] = []
  const progress = (each: ProgressEvent) => void seen.push(each)
  await runSuites(model, [suite], { ...context, progress, label: 'base' })
  await runSuites(model, [suite], { ...context, progress })
  expect(seen.map(({ task }) => task)).toEqual(['base: score', 'score'])
  await runSuites(model, [suite], { ...context, label: 'nobody listens' })
})

it('closes the journal of a suite that fails, and runs none after it', async () => {
  const log: string[] = []
  const suites = [suiteOf('a', () => Promise.reject(new Error('failed'))), suiteOf('b', async () => log.push('ran'))]
  await expect(runSuites(model, suites, context, async i => journalOf(log, i))).rejects.toThrow('failed')
  expect(log).toEqual(['0 closed'])
})

it('begins nothing once it is aborted', async () => {
  const controller = new AbortController()
  const suites = [
    suiteOf('a', async () => controller.abort(new Error('stopped'))),
    suiteOf('b', () => Promise.reject(new Error('ran')))
  ]
  await expect(runSuites(model, suites, { ...context, signal: controller.signal })).rejects.toThrow('stopped')
})
