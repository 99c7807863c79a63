import { forward, logits, type PositionalEncoding } from '@skipwise/nn'
import { rotaryHalf, tf } from '@skipwise/runtime'
import { describeArchitecture, matchers } from '@skipwise/testing'
import { expect, test } from 'vitest'
import golden from './golden.json' with { type: 'json' }
import { phi } from './index.js'

const small = {
  model_type: 'phi',
  vocab_size: 9,
  hidden_size: 8,
  intermediate_size: 12,
  num_hidden_layers: 2,
  num_attention_heads: 2,
  max_position_embeddings: 64,
  partial_rotary_factor: 0.5
}
describeArchitecture(phi, {
  configs: {
    'multi-head, half of a head turned': small,
    'grouped queries, whole heads turned': { ...small, num_key_value_heads: 1, partial_rotary_factor: 1 }
  }
})

const encoding: PositionalEncoding = {
  tables(positionIds, { inverseFrequencies }) {
    const angles = Array.from(positionIds, position =>
      Array.from(inverseFrequencies, frequency => position * frequency)
    ).flat()
    return { cos: Float32Array.from(angles, Math.cos), sin: Float32Array.from(angles, Math.sin) }
  },
  apply: rotaryHalf
}

test(`gives the logits of ${golden.origin}`, () => {
  expect.extend(matchers)
  const model = phi().define(golden.config)
  const { rotaryDim } = model.geometry
  const weights: Record<string, number[]> = golden.weights
  expect(model.parameters.map(({ name }) => name).sort()).toEqual(Object.keys(weights).sort())
  const inverseFrequencies = Float64Array.from({ length: rotaryDim / 2 }, (_, i) => 10000 ** ((-2 * i) / rotaryDim))
  const { cos, sin } = encoding.tables(Int32Array.from(golden.positions), {
    inverseFrequencies,
    attentionFactor: 1,
    softmaxScale: 1
  })
  const table = (data: Float32Array) => tf.tensor3d(data, [1, golden.ids.length, rotaryDim / 2])
  const parameters = Object.fromEntries(
    model.parameters.map(({ name, shape }) => [name, tf.tensor(weights[name], [...shape])])
  )
  const outputs = forward(model, encoding, parameters, {
    batch: 1,
    ids: tf.tensor1d(golden.ids, 'int32'),
    cos: table(cos),
    sin: table(sin),
    softmaxScale: 1
  })
  expect(logits(outputs).dataSync()).toBeAllclose(golden.logits, { absolute: 1e-5, relative: 1e-5 })
})
