import { readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { setup } from '../test/tiny-run.js'
import { bestOf, type Validation } from './best.js'
import { finishTraining, train } from './train.js'

test('the best score is the first of the best ones, and never what is no number', () => {
  const scores = [3, Number.NaN, 1, 2, 1].map((score, i) => ({ step: i, score }))
  expect(bestOf(scores, { better: 'lower' })?.step).toBe(2)
  expect(bestOf(scores, { better: 'higher' })?.step).toBe(0)
  expect(bestOf([{ step: 1, score: Number.NaN }], { better: 'lower' })).toBeUndefined()
})

/** Scores that are best after 6 of 12 steps, and the weights that were scored. */
function validation(changes: Partial<Validation> = {}) {
  const seen = new Map<number, ReadonlyMap<string, Float32Array>>()
  return {
    seen,
    given: {
      every: 3,
      better: 'higher',
      keep: 'best',
      score: (weights, step) =>
        Promise.resolve(
          (seen.set(step, new Map([...weights].map(([name, values]) => [name, values.slice()]))),
          5 - Math.abs(step - 6))
        ),
      ...changes
    } satisfies Validation as Validation
  }
}

test('a run gives the weights that scored best, at every so many steps and the last', async () => {
  const { seen, given } = validation({ every: 5 })
  const { weights, scores, bestStep } = await train(await setup({}, { validation: given }))
  expect(scores).toEqual([
    { step: 5, score: 4 },
    { step: 10, score: 1 },
    { step: 12, score: -1 }
  ])
  expect(bestStep).toBe(5)
  expect(new Map(weights)).toEqual(seen.get(5))
  expect(new Map(weights)).not.toEqual(seen.get(12))
})

test('or the last ones, with the scores told', async () => {
  const { seen, given } = validation({ keep: 'last' })
  const { weights, scores, bestStep } = await train(await setup({}, { validation: given }))
  expect([scores.map(({ step }) => step), bestStep]).toEqual([[3, 6, 9, 12], undefined])
  expect(new Map(weights)).toEqual(seen.get(12))
})

test.each([
  ['adapters', { lora: { rank: 2, targets: ['q_proj'], seed: 1 } }],
  ['averages', { ema: { decay: 0.8 } }]
])('the best %s are kept over an interruption, to the bit', async (_, options) => {
  const whole = await train(await setup(options, { validation: validation().given }))
  const abort = new AbortController()
  const run = await setup(options, {
    validation: validation().given,
    signal: abort.signal,
    progress: ({ done }) => done === 8 && abort.abort()
  })
  await expect(train(run)).rejects.toThrow('TRAINING_INTERRUPTED')
  const { signal: __, progress: ___, ...again } = run
  const resumed = await train(again)
  expect([resumed.bestStep, resumed.scores]).toEqual([6, whole.scores])
  expect([resumed.weights, resumed.adapters]).toEqual([whole.weights, whole.adapters])
  await finishTraining(run.stateFolder)
  expect(await readdir(run.stateFolder)).toEqual([])
})

test.each([
  [
    'changed by one bit',
    async (file: string) => {
      const bytes = await readFile(file)
      bytes[bytes.length >> 1] ^= 4
      await writeFile(file, bytes)
    }
  ],
  ['gone', (file: string) => rm(file)]
])('best weights that are %s are said before any step', async (_, change) => {
  const abort = new AbortController()
  const run = await setup(
    {},
    { validation: validation().given, signal: abort.signal, progress: ({ done }) => done === 8 && abort.abort() }
  )
  await expect(train(run)).rejects.toThrow('TRAINING_INTERRUPTED')
  await change(join(run.stateFolder, 'best.safetensors'))
  const steps: number[] = []
  const { signal: __, ...again } = run
  await expect(train({ ...again, progress: ({ done }) => void steps.push(done) })).rejects.toThrow(
    /^TRAINING_STATE.*best\.safetensors is damaged/
  )
  expect(steps).toEqual([])
})
