import { describe, expect, test } from 'vitest'
import { readHuggingFaceRope, readHuggingFaceRopes } from '../read-hugging-face.js'
import { yarn } from '../yarn.js'
import { writeHuggingFaceRope } from './to-transformers.js'

// what transformers computes from the keys is in packages/skipwise/test/extended-models.test.ts
const full = { rotaryDim: 64, window: 4096, layerType: 'full_attention' }
const gemma3 = {
  model_type: 'gemma3_text',
  head_dim: 64,
  max_position_embeddings: 4096,
  rope_theta: 1e6,
  rope_local_base_freq: 5000
}

/** The keys of a model with the RoPE of its full layers scaled eight times by YaRN. */
const extended = (config: Readonly<Record<string, unknown>>) => {
  const { geometry } = readHuggingFaceRope(config, full)
  return writeHuggingFaceRope(config, {
    name: 'yarn',
    interpolation: yarn(),
    geometry: { ...geometry, targetLength: 8 * geometry.originalLength }
  })
}

describe('a RoPE per layer type', () => {
  test('is read for the layers that are asked for', () => {
    expect(readHuggingFaceRope(gemma3, full)).toMatchObject({ name: 'none', geometry: { base: 1e6, rotaryDim: 64 } })
    expect(readHuggingFaceRope(gemma3, { ...full, layerType: 'sliding_attention' }).geometry.base).toBe(5000)
    expect(() => readHuggingFaceRope(gemma3, { ...full, layerType: 'chunked_attention' })).toThrow(
      /ROPE_CONFIG_INVALID.*'full_attention', 'sliding_attention'.*add the RoPE of the 'chunked_attention' layers/s
    )
  })

  test('keeps the sliding layers when a scheme is written, in both forms alike', () => {
    const keys = extended(gemma3)
    expect(keys.rope_parameters).toMatchObject({
      full_attention: { rope_type: 'yarn', factor: 8, rope_theta: 1e6 },
      sliding_attention: { rope_type: 'default', rope_theta: 5000 }
    })
    expect(keys.rope_scaling).toMatchObject({ rope_type: 'yarn', factor: 8 })
    // reading throws where the two forms do not mean the same
    const readings = readHuggingFaceRopes({ ...gemma3, ...keys })
    expect(readings.map(({ layerType, reading }) => [layerType, reading?.name, reading?.geometry.base])).toEqual([
      ['full_attention', 'yarn', 1e6],
      ['sliding_attention', 'none', 5000]
    ])
  })

  test.each([
    [
      'sliding layers that are scaled',
      {
        ...gemma3,
        rope_parameters: {
          full_attention: { rope_type: 'default', rope_theta: 1e6 },
          sliding_attention: { rope_type: 'linear', factor: 2, rope_theta: 5000 }
        }
      },
      "the RoPE of the 'sliding_attention' layers is 'linear'"
    ],
    [
      'a base that old keys cannot say',
      {
        ...gemma3,
        model_type: 'olmo3',
        rope_theta: undefined,
        rope_local_base_freq: undefined,
        rope_parameters: {
          full_attention: { rope_type: 'default', rope_theta: 500000 },
          sliding_attention: { rope_type: 'default', rope_theta: 40 }
        }
      },
      'would take 500000'
    ]
  ])('is not written with %s', (_, config, said) => {
    expect(() => extended(config)).toThrow(new RegExp(`ROPE_INEXPRESSIBLE.*${said}`))
  })
})
