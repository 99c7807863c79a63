import { randomStream } from '@skipwise/core'
import { openInterpreter } from '@skipwise/runtime'
import { matchers } from '@skipwise/testing'
import { describe, expect, test } from 'vitest'
import {
  compute,
  encodings,
  example,
  frequenciesOf,
  models,
  packedExample,
  weightsOf,
  window
} from '../../test/strategy-parts.js'
import { makeBatch, countLabels } from '../batch.js'
import { batchSpecs, gradientName, parameterSpecs } from '../loss-program.js'
import { completeOptions, type TrainingOptions } from '../options.js'
import { trainedParameters } from '../trained-parameters.js'
import { chooseChunks, chunkProbability, type ChunkWeights } from './chunk-choice.js'
import { prepareChunkwise } from './chunkwise.js'

expect.extend(matchers)
const exact = { absolute: 1e-6, relative: 1e-4 }

describe.each(Object.entries(models))('chunk by chunk, %s', (_, model) => {
  test('has the gradients of the whole program, element by element, whether chunks divide the window or not, also in micro-batches', async () => {
    const executor = await openInterpreter()
    const whole = await compute(model, executor, {})
    for (const [chunk, microBatch] of [
      [4, 4],
      [7, 2],
      [19, 4],
      [512, 4]
    ]) {
      const seco = await compute(model, executor, { microBatch, strategy: { seco: { chunk } } })
      expect(Math.abs(seco.loss - whole.loss)).toBeLessThan(1e-6 * whole.loss)
      for (const { name } of model.parameters) {
        expect(seco.gradients.get(gradientName(name)), `${name}, chunks of ${chunk}`).toBeAllclose(
          whole.gradients.get(gradientName(name)) as Float32Array,
          exact
        )
        expect(seco.weights.get(name), `${name} after two steps, chunks of ${chunk}`).toBeAllclose(
          whole.weights.get(name) as Float32Array,
          { absolute: 1e-4 }
        )
      }
    }
    await executor.dispose()
  })
})

describe.each(Object.keys(models) as (keyof typeof models)[])(
  'chunk by chunk, %s, several documents in a row',
  name => {
    test('has the gradients of the whole program, also where a chunk ends inside a document', async () => {
      const executor = await openInterpreter()
      const packed = { packed: true, of: packedExample }
      const whole = await compute(models[name], executor, {}, packed)
      for (const chunk of [4, 7]) {
        const { gradients } = await compute(models[name], executor, { strategy: { seco: { chunk } } }, packed)
        for (const [name, gradient] of whole.gradients) expect(gradients.get(name), name).toBeAllclose(gradient, exact)
      }
    })
  }
)

test.each<[string, Partial<TrainingOptions>]>([
  [
    'adapters',
    { lora: { rank: 2, alpha: 6, targets: ['q_proj', 'k_proj', 'down_proj'], alsoTrain: ['norm'], seed: 0 } }
  ],
  ['a frozen embedding and first layer', { freeze: ['model.embed_tokens.*', 'model.layers.0.*'] }],
  ['all but the output layer frozen', { freeze: ['model.*'] }]
])('chunk by chunk, %s have the gradients of the whole program', async (_, options) => {
  const executor = await openInterpreter()
  const [whole, seco] = [
    await compute(models['positions that rotate'], executor, options),
    await compute(models['positions that rotate'], executor, { ...options, strategy: { seco: { chunk: 6 } } })
  ]
  expect([...seco.gradients.keys()]).toEqual([...whole.gradients.keys()])
  for (const [name, gradient] of whole.gradients) expect(seco.gradients.get(name), name).toBeAllclose(gradient, exact)
})

const CHUNKS = 4

/** Gradients under given weights of chunks: 4 of 5 tokens. */
async function openWeighted() {
  const model = models['positions that rotate']
  const executor = await openInterpreter()
  const encoding = encodings['rotary-half']
  const frequencies = frequenciesOf(model)
  const trains = trainedParameters(model, {})
  const options = completeOptions({
    steps: 1,
    batch: 2,
    learningRate: 1,
    strategy: { spaco: { chunk: window.original / CHUNKS, chunks: 2 } }
  })
  let weights: ChunkWeights = []
  const strategy = await prepareChunkwise(
    { model, encoding, frequencies, executor, window, options, trains },
    () => weights
  ).open()
  const examples = [example(0), example(1)]
  const data = makeBatch(examples, window, countLabels(examples), encoding, model.geometry, frequencies)
  const specs = batchSpecs(model, encoding, { batch: 2, length: window.original })
  const batch = Object.fromEntries(
    Object.entries(data).map(([name, array]) => [name, executor.upload(specs[name], array)])
  )
  const parameters = Object.fromEntries(
    Object.entries(parameterSpecs(model)).map(([name, spec]) => [
      name,
      executor.upload(spec, weightsOf(model).get(name))
    ])
  )
  return async (given: ChunkWeights) => {
    weights = given
    const loss = await strategy.run(parameters, batch, true, 0)
    const gradients = new Map<string, Float32Array>()
    for (const [name, value] of Object.entries(strategy.gradients))
      gradients.set(name, ((await executor.read(value)) as Float32Array).slice())
    return { loss, gradients }
  }
}

/** Every choice of chunks with its probability. */
function everyChoice(budget: number): { probability: number; weights: ChunkWeights }[] {
  return Array.from({ length: 2 ** CHUNKS }, (_, bits) => {
    const weights = new Array<number>(CHUNKS).fill(0)
    let probability = 1
    let chosen = 0
    for (let chunk = CHUNKS - 1; chunk >= 0; chunk--) {
      const p = chunkProbability(CHUNKS, budget, chunk, chosen)
      const isIn = (bits >> chunk) & 1
      probability *= isIn ? p : 1 - p
      weights[chunk] = isIn ? 1 / p : 0
      chosen += isIn
    }
    return { probability, weights }
  }).filter(({ probability }) => probability > 0)
}

/**
 * ‖E[gradient] − gradient‖ / ‖gradient‖ over all parameters, and the most that an element of the expectation is off.
 */
async function bias(
  choices: readonly { probability: number; weights: ChunkWeights }[]
): Promise<{ relative: number; largest: number; losses: number[] }> {
  const gradientsOf = await openWeighted()
  const full = await gradientsOf(new Array<number>(CHUNKS).fill(1))
  const mean = new Map([...full.gradients].map(([name, data]) => [name, new Float64Array(data.length)]))
  const losses: number[] = []
  for (const { probability, weights } of choices) {
    const { loss, gradients } = await gradientsOf(weights)
    losses.push(loss - full.loss)
    for (const [name, sum] of mean) gradients.get(name)?.forEach((value, i) => (sum[i] += probability * value))
  }
  let difference = 0
  let norm = 0
  let largest = 0
  for (const [name, gradient] of full.gradients)
    gradient.forEach((value, i) => {
      const off = (mean.get(name) as Float64Array)[i] - value
      difference += off ** 2
      norm += value ** 2
      largest = Math.max(largest, Math.abs(off))
    })
  return { relative: Math.sqrt(difference / norm), largest, losses }
}

describe('some chunks backward', () => {
  test.each([1, 2, 3])('have the expectation of all, over every choice with a budget of %i', async budget => {
    const choices = everyChoice(budget)
    const { relative, largest, losses } = await bias(choices)
    expect(choices.reduce((sum, { probability }) => sum + probability, 0)).toBeCloseTo(1, 12)
    expect(Math.min(...choices.map(({ weights }) => weights.filter(weight => weight > 0).length))).toBe(budget)
    expect(relative).toBeLessThan(1e-5)
    expect(largest).toBeLessThan(1e-4)
    // the loss is that of all chunks whatever is drawn
    expect(Math.max(...losses.map(Math.abs))).toBeLessThan(1e-6)
  })

  test('are biased when exactly as many are drawn and weighted by their share, as in the paper', async () => {
    const pairs = [
      [0, 1],
      [0, 2],
      [0, 3],
      [1, 2],
      [1, 3],
      [2, 3]
    ]
    const { relative } = await bias(
      pairs.map(pair => ({
        probability: 1 / pairs.length,
        weights: Array.from({ length: CHUNKS }, (_, chunk) => (pair.includes(chunk) ? 2 : 0))
      }))
    )
    expect(relative).toBeGreaterThan(1e-2)
  })

  test('are drawn by seed and number, in any order, as many as asked for or a few more', () => {
    const draw = (index: number, seed = 0) => chooseChunks(16, 4, randomStream({ seed, stream: 'spaco', index }))
    const all = Array.from({ length: 2000 }, (_, index) => draw(index))
    expect(
      [...all.keys()]
        .reverse()
        .map(index => draw(index))
        .reverse()
    ).toEqual(all)
    expect(draw(0, 1)).not.toEqual(draw(0))
    const counts = all.map(weights => weights.filter(weight => weight > 0).length)
    expect(Math.min(...counts)).toBe(4)
    expect(counts.reduce((sum, count) => sum + count) / counts.length).toBeLessThan(5)
    // the mean of a weight is 1
    for (let chunk = 0; chunk < 16; chunk++)
      expect(all.reduce((sum, weights) => sum + weights[chunk], 0) / all.length).toBeCloseTo(1, 0)
    expect(chooseChunks(3, 5, randomStream({ seed: 0, stream: 'spaco' }))).toEqual([1, 1, 1])
  })

  test('are those of the number of the first example, in a trainer too', async () => {
    const executor = await openInterpreter()
    const of = (seed: number) =>
      compute(models['positions that rotate'], executor, {
        microBatch: 1,
        strategy: { spaco: { chunk: 4, chunks: 1, seed } }
      })
    const [one, again, other] = [await of(0), await of(0), await of(1)]
    const name = gradientName('lm_head.weight')
    expect(again).toEqual(one)
    expect(other.loss).toBe(one.loss)
    expect(other.gradients.get(name)).not.toEqual(one.gradients.get(name))
  })
})

test('complete options stay as they are', () => {
  const complete = completeOptions({
    steps: 1,
    batch: 1,
    learningRate: 1,
    strategy: { spaco: { chunks: 2, chunk: 8, maxCompensation: 2 } }
  })
  expect(complete).toMatchObject({ strategy: 'spaco', chunkwise: { chunk: 8, chunks: 2, maxCompensation: 2 } })
  expect(completeOptions({ ...complete })).toEqual(complete)
})

test.each([
  [{ seco: { chunk: 0 } }, 'strategy.seco.chunk'],
  [{ spaco: { chunks: 0 } }, 'strategy.spaco.chunks'],
  [{ spaco: { chunks: 1.5 } }, 'strategy.spaco.chunks'],
  [{ spaco: { chunks: 2, maxCompensation: 0.5 } }, 'maxCompensation']
] as const)('refuses %j', (strategy, named) => {
  expect(() => completeOptions({ steps: 1, batch: 1, learningRate: 1, strategy })).toThrow(
    new RegExp(`TRAINING_OPTIONS.*${named}`)
  )
})
