import { isSkipwiseError } from '@skipwise/core'
import { openInterpreter, type Executor } from '@skipwise/runtime'
import { decoder, rotary } from '@skipwise/testing'
import { describe, expect, test } from 'vitest'
import { planMemory, plannedStrategy } from './memory-plan.js'
import { completeOptions, type StrategyName, type TrainingOptions } from './options.js'
import type { TrainerSetup } from './trainer.js'

const T = 512
const executor = await openInterpreter()
const setupOf = (
  layers: number,
  given: Partial<TrainingOptions> = {},
  changes: Partial<TrainerSetup> = {}
): TrainerSetup => ({
  model: decoder({ vocabSize: 512, hiddenSize: 64, intermediateSize: 172, layers, heads: 4, maxPositionEmbeddings: T }),
  encoding: rotary,
  executor,
  window: { original: T, target: T },
  frequencies: { inverseFrequencies: new Float64Array(8).fill(0.1), attentionFactor: 1, softmaxScale: 1 },
  options: completeOptions({ steps: 1, batch: 8, learningRate: 1e-3, ...given }),
  ...changes
})
/** The plan, and activations and peak of a strategy of it. */
const planned = (setup: TrainerSetup, name: StrategyName) => {
  const figures = planMemory(setup).strategies[name]
  if (!figures) throw new TypeError(`${name} is not planned`)
  return figures
}
const gigabytes = (bytes: number) => bytes / 1e9

describe('a memory plan', () => {
  test('counts the state to the byte', () => {
    const layer = 2 * 64 + 4 * 64 * 64 + 3 * 64 * 172
    const parameters = 2 * layer + 64 + 2 * 512 * 64
    const plan = planMemory(setupOf(2))
    expect(plan).toMatchObject({ weights: 4 * parameters, optimizer: 8 * parameters, gradients: 4 * parameters })
    for (const { activations, peak } of Object.values(plan.strategies))
      expect(peak - activations).toBeGreaterThan(plan.process + 16 * parameters)
  })

  test('counts optimizer state and gradients of what is trained alone', () => {
    const plan = planMemory(setupOf(2, { lora: { rank: 2, targets: ['q_proj'], seed: 0 } }))
    const trained = 2 * 2 * (2 * 64)
    expect(plan).toMatchObject({ optimizer: 8 * trained, gradients: 4 * trained })
    expect(plan.strategies.blockwise?.activations).toBeGreaterThan(0)
    const averaged = planMemory(setupOf(2, { ema: { decay: 0.9 } }))
    expect(averaged.optimizer).toBe(3 * averaged.weights)
  })

  test('has activations that grow with the layers of the whole program, and hardly with those of the blockwise one', () => {
    const activations = (layers: number, name: StrategyName) => planned(setupOf(layers), name).activations
    const growth = (name: StrategyName) => activations(16, name) / activations(4, name)
    expect(growth('whole')).toBeGreaterThan(2.5)
    expect(growth('blockwise')).toBeLessThan(1.5)
    expect(activations(16, 'blockwise')).toBeLessThan(activations(16, 'whole') / 3)
  })

  test('has activations that grow with the micro-batch, not with the batch', () => {
    const of = (given: Partial<TrainingOptions>) => planned(setupOf(4, given), 'whole').activations
    expect(of({ batch: 8, microBatch: 2 })).toBe(of({ batch: 4, microBatch: 2 }))
    expect(of({ batch: 8, microBatch: 4 })).toBeGreaterThan(1.5 * of({ batch: 8, microBatch: 2 }))
  })

  test('chooses the fastest strategy that fits, and says why', () => {
    const between = gigabytes((planned(setupOf(16), 'whole').peak + planned(setupOf(16), 'blockwise').peak) / 2)
    expect(planMemory(setupOf(16, { memoryLimit: 1000 }))).toMatchObject({ chosen: 'whole', limit: 1e12 })
    const bounded = planMemory(setupOf(16, { memoryLimit: between }))
    expect(bounded.chosen).toBe('blockwise')
    expect(bounded.reason).toMatch(/whole takes .* GB, more than .* GB; blockwise takes .* GB/)
    expect(planMemory(setupOf(16, { memoryLimit: 1000, strategy: 'blockwise' })).chosen).toBe('blockwise')
    expect(planMemory(setupOf(16, { memoryLimit: between, strategy: 'whole' })).chosen).toBeUndefined()
  })

  test('has activations of a long sequence that chunks keep small, and names of what was asked for alone', () => {
    const long = (given: Partial<TrainingOptions> = {}) =>
      setupOf(4, { batch: 64, ...given }, { window: { original: 4096, target: 4096 } })
    const names = (setup: TrainerSetup) => Object.keys(planMemory(setup).strategies)
    expect(planned(long(), 'seco').activations).toBeLessThan(planned(long(), 'blockwise').activations / 1.4)
    expect(planned(long({ strategy: { seco: { chunk: 128 } } }), 'seco').activations).toBeLessThan(
      planned(long({ strategy: { seco: { chunk: 1024 } } }), 'seco').activations
    )
    expect(names(long())).toEqual(['whole', 'blockwise', 'seco'])
    expect(names(long({ strategy: { spaco: { chunks: 2 } } }))).toEqual(['whole', 'blockwise', 'seco', 'spaco'])
    expect(names(setupOf(4))).toEqual(['whole', 'blockwise'])
    // batches whose activations outweigh what a process wanders
    const between = gigabytes((planned(long(), 'blockwise').peak + planned(long(), 'seco').peak) / 2)
    const bounded = planMemory(long({ memoryLimit: between }))
    expect(bounded.chosen).toBe('seco')
    expect(bounded.reason).toMatch(/whole takes .* GB and blockwise takes .* GB, more than .* GB; seco takes .* GB/)
  })

  test('refuses what does not fit, with what would', () => {
    const refusal = (given: Partial<TrainingOptions>) => {
      try {
        const setup = setupOf(4, given)
        return plannedStrategy(planMemory(setup), setup)
      } catch (error) {
        return isSkipwiseError(error) ? [error.code, error.fix] : error
      }
    }
    const peak = (microBatch: number) => gigabytes(planned(setupOf(4, { microBatch }), 'blockwise').peak)
    expect(refusal({ memoryLimit: (peak(1) + peak(8)) / 2 })).toEqual([
      'TRAINING_MEMORY',
      expect.stringMatching(/^use microBatch: 1 \(/)
    ])
    expect(refusal({ memoryLimit: 0.01 })).toEqual([
      'TRAINING_MEMORY',
      expect.stringMatching(/^it needs at least .* GB with microBatch 1/)
    ])
  })

  test('counts the temporaries that an executor tells', () => {
    const told = setupOf(
      4,
      {},
      { executor: Object.assign(Object.create(executor) as Executor, { workspace: () => 5e9 }) }
    )
    expect(planned(told, 'whole').activations).toBe(5e9)
    expect(planned(setupOf(4), 'whole').activations).toBeLessThan(5e9)
  })
})
