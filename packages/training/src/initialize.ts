import { randomStream } from '@skipwise/core'
import type { ModelDefinition } from '@skipwise/nn'
import { sizeOf } from '@skipwise/runtime'

/** How {@link initializeWeights} draws. */
export interface InitializeOptions {
  readonly seed: number
  /** Standard deviation of matrices; default 1/√d, which suits narrow models better than the usual 0.02. */
  readonly standardDeviation?: number | undefined
}

/**
 * Random weights for training from nothing, by name, row-major: every parameter has a stream of its own, so the numbers
 * do not depend on order.
 */
export function initializeWeights(
  model: ModelDefinition,
  { seed, standardDeviation = 1 / Math.sqrt(model.geometry.hiddenSize) }: InitializeOptions
): Map<string, Float32Array> {
  return new Map(
    model.parameters.map(({ name, shape, initializer }) => {
      const data = new Float32Array(sizeOf(shape))
      if (initializer === 'ones') data.fill(1)
      if (initializer === 'normal') {
        const random = randomStream({ seed, stream: `initialisation ${name}` })
        for (let i = 0; i < data.length; i++) data[i] = random.normal() * standardDeviation
      }
      return [name, data]
    })
  )
}
