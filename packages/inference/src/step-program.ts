import {
  attentionScale,
  crossEntropy,
  logits,
  runBlocks,
  type ModelDefinition,
  type ModelGeometry,
  type PositionalEncoding
} from '@skipwise/nn'
import { cachedAttention, embedding, type tf, trace, type Graph, type ValueSpec } from '@skipwise/runtime'

/** What a step computes beside the cache: nothing, the loss of every token's label, or the logits of one token. */
type StepOutput = 'none' | 'loss' | 'logits'

/** A program's static sizes. */
export interface StepShape {
  /** T: new tokens. */
  readonly length: number
  /** S: slots of the cache. */
  readonly capacity: number
  readonly output: StepOutput
  readonly softmaxScale: number
}

/** Names of a layer's caches among inputs and outputs. */
export const cacheNames = (layer: number) => ({ key: `keyCache${layer}`, value: `valueCache${layer}` })

/** Shape of one layer's key cache, and of its value cache: [1, K, S, D]. */
export const cacheSpec = ({ keyValueHeads, headDim }: ModelGeometry, capacity: number): ValueSpec => ({
  shape: [1, keyValueHeads, capacity, headDim],
  dtype: 'float32'
})

/**
 * T new tokens over a cache. Inputs: every parameter by name; `ids` [T]; `cos`, `sin` [1, T, R/2]; `pastLength`, tokens
 * in the cache; `keyCache0`, `valueCache0`, … [1, K, S, D]; for the loss `labels` [T]; for logits `row` [1], which
 * token's. Outputs: the caches under their names, `loss` [T] = −log p(label), `logits` [1, V].
 */
export function traceStep(model: ModelDefinition, encoding: PositionalEncoding, shape: StepShape): Graph {
  const { geometry } = model
  const { length, capacity, output } = shape
  const scale = attentionScale(geometry, shape.softmaxScale)
  const slopes = encoding.slopes?.(geometry.heads)
  return trace(
    `${output === 'none' ? 'prefill' : output} ${length} of ${capacity}`,
    inputs => {
      const outputs: Record<string, tf.Tensor> = {}
      const cos = inputs.cos as tf.Tensor3D
      const sin = inputs.sin as tf.Tensor3D
      const hidden = runBlocks(model, inputs, inputs.ids as tf.Tensor1D, {
        batch: 1,
        length,
        encode: (x, role) => encoding.apply(x, cos, sin, role),
        attend(layer, query, key, value, window) {
          const names = cacheNames(layer)
          const keyCache = inputs[names.key] as tf.Tensor4D
          const valueCache = inputs[names.value] as tf.Tensor4D
          const attended = cachedAttention(
            { query, key, value, keyCache, valueCache, pastLength: inputs.pastLength as tf.Scalar },
            scale,
            { slopes, window }
          )
          outputs[names.key] = attended.keyCache
          outputs[names.value] = attended.valueCache
          return attended.output
        }
      })
      if (output === 'loss') outputs.loss = crossEntropy(model.head(inputs, hidden), inputs.labels as tf.Tensor1D)
      if (output === 'logits') outputs.logits = logits(model.head(inputs, embedding(hidden, inputs.row as tf.Tensor1D)))
      return outputs
    },
    stepSpecs(model, shape)
  )
}

function stepSpecs(model: ModelDefinition, { length, capacity, output }: StepShape): Record<string, ValueSpec> {
  const { geometry } = model
  const table: ValueSpec = { shape: [1, length, geometry.rotaryDim / 2], dtype: 'float32' }
  const specs: Record<string, ValueSpec> = {
    ...Object.fromEntries(model.parameters.map(({ name, shape }) => [name, { shape, dtype: 'float32' as const }])),
    ids: { shape: [length], dtype: 'int32' },
    cos: table,
    sin: table,
    pastLength: { shape: [], dtype: 'int32' }
  }
  for (let layer = 0; layer < geometry.layers; layer++) {
    const names = cacheNames(layer)
    specs[names.key] = specs[names.value] = cacheSpec(geometry, capacity)
  }
  if (output === 'loss') specs.labels = { shape: [length], dtype: 'int32' }
  if (output === 'logits') specs.row = { shape: [1], dtype: 'int32' }
  return specs
}
