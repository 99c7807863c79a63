import { randomStream, type TrainingExample } from '@skipwise/core'
import { openInterpreter, type Executor } from '@skipwise/runtime'
import { linearBias, rotary } from '@skipwise/testing'
import { describe, expect, test } from 'vitest'
import { frequencies, model as rotating, V } from '../test/tiny-run.js'
import { initializeWeights } from './initialize.js'
import { completeOptions } from './options.js'
import { Trainer } from './trainer.js'

const target = 600
/** A document of n tokens with one jump in its positions, as PoSE makes it. */
function document(n: number, index: number): TrainingExample {
  const random = randomStream({ seed: 3, stream: 'packing', index })
  const cut = random.integer(1, n - 1)
  const skip = random.integer(1, target - n)
  return {
    ids: Int32Array.from({ length: n }, () => random.integer(1, V - 1)),
    positionIds: Int32Array.from({ length: n }, (_, t) => (t < cut ? t : t + skip)),
    labelMask: Uint8Array.from({ length: n }, (_, t) => Number(t > 0 && t % 5 !== 2))
  }
}

/** Documents in one row of T tokens, the rest padding. */
function pack(documents: readonly TrainingExample[], T: number): Required<TrainingExample> {
  const row = {
    ids: new Int32Array(T),
    positionIds: new Int32Array(T),
    labelMask: new Uint8Array(T),
    documentIds: new Int32Array(T).fill(documents.length)
  }
  let at = 0
  documents.forEach(({ ids, positionIds, labelMask }, i) => {
    row.ids.set(ids, at)
    row.positionIds.set(positionIds, at)
    row.labelMask.set(labelMask, at)
    row.documentIds.fill(i, at, (at += ids.length))
  })
  for (let t = at; t < T; t++) row.positionIds[t] = t - at
  return row
}

const models = {
  'positions that rotate': { model: rotating, encoding: rotary },
  'a bias by distance': {
    model: { ...rotating, geometry: { ...rotating.geometry, rotaryDim: 0 } },
    encoding: linearBias
  }
}
type Case = keyof typeof models

/** Loss and gradients of examples of one length. */
async function gradientsOf(
  name: Case,
  executor: Executor,
  examples: readonly TrainingExample[],
  options: { packed?: boolean; strategy?: 'whole' | 'blockwise' } = {}
) {
  const { packed = false, strategy = 'whole' } = options
  const window = { original: examples[0].ids.length, target }
  const complete = completeOptions({ steps: 1, batch: examples.length, learningRate: 1, strategy })
  const trainer = await Trainer.create(
    { ...models[name], frequencies, executor, window, options: complete, packed },
    initializeWeights(models[name].model, { seed: 0 })
  )
  const { loss } = await trainer.gradients(examples)
  const gradients = await trainer.readGradients()
  await trainer.dispose()
  return { loss, gradients }
}

describe.each(Object.keys(models) as Case[])('several documents in a row, %s', name => {
  test.each(['whole', 'blockwise'] as const)(
    'have the loss and the gradients that each has alone, strategy %s',
    async strategy => {
      const executor = await openInterpreter()
      const lengths = [
        [70, 9, 50],
        [30, 90]
      ]
      const T = 140
      const documents = lengths.map((row, r) => row.map((n, i) => document(n, 10 * r + i)))
      const together = await gradientsOf(
        name,
        executor,
        documents.map(row => pack(row, T)),
        { packed: true, strategy }
      )
      let labels = 0
      let loss = 0
      const sums = new Map<string, Float64Array>()
      for (const one of documents.flat()) {
        const count = one.labelMask.reduce((a, b) => a + b)
        const alone = await gradientsOf(name, executor, [one])
        labels += count
        loss += count * alone.loss
        for (const [key, values] of alone.gradients) {
          const sum = sums.get(key) ?? new Float64Array(values.length)
          values.forEach((value, i) => (sum[i] += count * value))
          sums.set(key, sum)
        }
      }
      expect(Math.abs(together.loss - loss / labels)).toBeLessThan(1e-6)
      for (const [key, sum] of sums) {
        const scale = Math.max(...sum.map(Math.abs)) / labels
        together.gradients
          .get(key)
          ?.forEach((value, i) =>
            expect(Math.abs(value - sum[i] / labels), key).toBeLessThan(2e-6 * Math.max(1, scale))
          )
      }
      await executor.dispose()
    }
  )

  test('a jump in positions is no document: what stands before it still matters', async () => {
    const executor = await openInterpreter()
    const one = document(24, 5)
    const jump = one.positionIds.findIndex((position, t) => position !== t)
    const late = { ...one, labelMask: Uint8Array.from({ length: 24 }, (_, t) => Number(t > jump)) }
    const changed = { ...late, ids: late.ids.slice() }
    changed.ids[0] = (changed.ids[0] % (V - 1)) + 1
    const losses = await Promise.all(
      [late, changed].map(async example => (await gradientsOf(name, executor, [example], { packed: true })).loss)
    )
    expect(Math.abs(losses[0] - losses[1])).toBeGreaterThan(1e-5)
    // and where it is said to be a document of its own, nothing before it does
    const cut = [late, changed].map(example => ({
      ...example,
      documentIds: Int32Array.from({ length: 24 }, (_, t) => Number(t >= jump)),
      labelMask: Uint8Array.from({ length: 24 }, (_, t) => Number(t > jump))
    }))
    const separate = await Promise.all(
      cut.map(async example => (await gradientsOf(name, executor, [example], { packed: true })).loss)
    )
    expect(separate[0]).toBe(separate[1])
    await executor.dispose()
  })
})

describe('an example of several documents is refused', () => {
  const row = pack([document(10, 0), document(12, 1)], 24)
  const changed = (change: (row: Required<TrainingExample>) => void) => {
    const copy = {
      ids: row.ids.slice(),
      positionIds: row.positionIds.slice(),
      labelMask: row.labelMask.slice(),
      documentIds: row.documentIds.slice()
    }
    change(copy)
    return copy
  }
  test.each([
    [
      'that predicts a document from the one before',
      changed(({ labelMask }) => (labelMask[10] = 1)),
      'would be predicted from the document before'
    ],
    [
      'whose documents do not follow one another',
      changed(({ documentIds }) => documentIds.fill(0, 22)),
      'document 0 of token 22 follows document 1'
    ],
    [
      'whose positions fall within a document',
      changed(({ positionIds }) => (positionIds[5] = 0)),
      'position 0 of token 5 does not follow'
    ],
    ['with too few document ids', { ...row, documentIds: new Int32Array(3) }, '3 document ids, not 24']
  ])('%s', async (_, example, problem) => {
    await expect(
      gradientsOf('positions that rotate', await openInterpreter(), [example], { packed: true })
    ).rejects.toThrow(problem)
  })

  test('by a run that was not told of it', async () => {
    await expect(gradientsOf('positions that rotate', await openInterpreter(), [row])).rejects.toThrow(
      'TRAINING_POSITIONS: an example contains several documents'
    )
  })
})
