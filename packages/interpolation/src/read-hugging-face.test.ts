import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { isSkipwiseError } from '@skipwise/core'
import { fc, test as property } from '@fast-check/vitest'
import { sharedFixture } from '@skipwise/testing'
import { describe, expect, test } from 'vitest'
import { readHuggingFaceRope, readHuggingFaceRopes } from './index.js'

const llama = { hidden_size: 4096, num_attention_heads: 32, max_position_embeddings: 16384 }

describe('lengths, factor and base', () => {
  test('a config without RoPE keys is the default with base 10,000', () => {
    expect(readHuggingFaceRope(llama)).toEqual({
      name: 'none',
      config: {},
      geometry: { base: 10000, rotaryDim: 128, originalLength: 16384, targetLength: 16384 }
    })
  })
  test('linear: max_position_embeddings is the extended window', () => {
    expect(readHuggingFaceRope({ ...llama, rope_theta: 5e5, rope_scaling: { type: 'linear', factor: 8 } })).toEqual({
      name: 'linear',
      config: {},
      geometry: { base: 5e5, rotaryDim: 128, originalLength: 2048, targetLength: 16384 },
      windowUnclear: true
    })
  })
  test('yarn: the factor wins over the ratio of the lengths', () => {
    const { geometry } = readHuggingFaceRope({
      ...llama,
      rope_parameters: { rope_type: 'yarn', factor: 4, original_max_position_embeddings: 2048 }
    })
    expect(geometry).toMatchObject({ originalLength: 2048, targetLength: 8192 })
  })
  test('yarn: without a factor the ratio counts, also where factor is null', () => {
    const { geometry } = readHuggingFaceRope({
      ...llama,
      rope_parameters: { rope_type: 'yarn', factor: null, original_max_position_embeddings: 4096 }
    })
    expect(geometry).toMatchObject({ originalLength: 4096, targetLength: 16384 })
  })
  test('yarn: without original_max_position_embeddings it is max_position_embeddings', () => {
    const { geometry } = readHuggingFaceRope({ ...llama, rope_parameters: { rope_type: 'yarn', factor: 4 } })
    expect(geometry).toMatchObject({ originalLength: 16384, targetLength: 65536 })
  })
  test('original_max_position_embeddings at the top wins over the one inside', () => {
    const rope_parameters = { rope_type: 'yarn', factor: 2, original_max_position_embeddings: 2048 }
    expect(
      readHuggingFaceRope({ ...llama, original_max_position_embeddings: 4096, rope_parameters }).geometry.originalLength
    ).toBe(4096)
  })
  test('llama3 as Meta publishes it: the factor is 8 though the window grows 16 times', () => {
    const rope_scaling = {
      factor: 8,
      low_freq_factor: 1,
      high_freq_factor: 4,
      original_max_position_embeddings: 8192,
      rope_type: 'llama3'
    }
    expect(
      readHuggingFaceRope({ ...llama, max_position_embeddings: 131072, rope_theta: 500000, rope_scaling })
    ).toEqual({
      name: 'llama3',
      config: { lowFreqFactor: 1, highFreqFactor: 4 },
      geometry: { base: 500000, rotaryDim: 128, originalLength: 8192, targetLength: 65536 }
    })
  })
  test('partial_rotary_factor, inside or at the top, and head_dim', () => {
    expect(readHuggingFaceRope({ ...llama, head_dim: 80, partial_rotary_factor: 0.4 }).geometry.rotaryDim).toBe(32)
    expect(
      readHuggingFaceRope({ ...llama, rope_parameters: { rope_type: 'default', partial_rotary_factor: 0.5 } }).geometry
        .rotaryDim
    ).toBe(64)
  })
  test('every knob of yarn; 0 and null count as not given', () => {
    const knobs = {
      truncate: false,
      beta_fast: 16,
      beta_slow: 2,
      attention_factor: 1.1,
      mscale: 1,
      mscale_all_dim: 0.8
    }
    const read = (rope: object) =>
      readHuggingFaceRope({
        ...llama,
        rope_parameters: { rope_type: 'yarn', factor: 4, original_max_position_embeddings: 4096, ...rope }
      }).config
    expect(read(knobs)).toEqual({
      truncate: false,
      betaFast: 16,
      betaSlow: 2,
      clamp: 'dimensions',
      attentionFactor: 1.1,
      mscale: 1,
      mscaleAllDim: 0.8
    })
    expect(read({ beta_fast: 0, beta_slow: null, attention_factor: null })).toEqual({
      truncate: true,
      betaFast: 32,
      betaSlow: 1,
      clamp: 'dimensions'
    })
  })
})

describe('a RoPE per layer type', () => {
  const base = { head_dim: 64, max_position_embeddings: 8192 }
  test('nested, with the base of the top where a layer has none, and null for layers without positions', () => {
    const rope_parameters = {
      full_attention: { rope_type: 'yarn', factor: 4, original_max_position_embeddings: 2048 },
      sliding_attention: { rope_theta: 5e5, partial_rotary_factor: 0.5 },
      nope: null
    }
    const readings = readHuggingFaceRopes({ ...base, rope_theta: undefined, rope_parameters })
    expect(
      readings.map(({ layerType, reading }) => [
        layerType,
        reading?.name,
        reading?.geometry.base,
        reading?.geometry.rotaryDim
      ])
    ).toEqual([
      ['full_attention', 'yarn', 10000, 64],
      ['sliding_attention', 'none', 5e5, 32],
      ['nope', undefined, undefined, undefined]
    ])
  })
  test('Gemma 3: rope_local_base_freq is the base of the sliding layers, which are not scaled', () => {
    const readings = readHuggingFaceRopes({
      ...base,
      rope_theta: 1e6,
      rope_local_base_freq: 10000,
      rope_scaling: { rope_type: 'linear', factor: 8 }
    })
    expect(readings.map(({ layerType, reading }) => [layerType, reading?.name, reading?.geometry.base])).toEqual([
      ['full_attention', 'linear', 1e6],
      ['sliding_attention', 'none', 10000]
    ])
  })
  test('Gemma 4: the head of full layers is global_head_dim, all of it rotary for proportional', () => {
    const [{ reading }] = readHuggingFaceRopes({
      ...base,
      global_head_dim: 512,
      rope_parameters: { full_attention: { rope_type: 'proportional', rope_theta: 1e6, partial_rotary_factor: 0.25 } }
    })
    expect(reading).toMatchObject({
      name: 'proportional',
      config: { partialRotaryFactor: 0.25 },
      geometry: { rotaryDim: 512 }
    })
  })
  test('keys beside the layer types', () => {
    expect(() => readHuggingFaceRopes({ ...base, rope_parameters: { full_attention: {}, factor: 8 } })).toThrow(
      'ROPE_CONFIG_INVALID: the rope object has "factor" next to'
    )
  })
})

describe('types of other stacks, and names of other models', () => {
  const read = (rope_scaling: object, more: object = {}) => readHuggingFaceRope({ ...llama, rope_scaling, ...more })
  test.each([
    ['dynamic', { type: 'dynamic', factor: 8 }, 'dynamic-ntk', 16384],
    ['vanilla_ntk', { type: 'vanilla_ntk', factor: 8 }, 'ntk', 2048],
    ['ntk', { type: 'ntk', factor: 8, mixed_b: 0.6 }, 'ntk-fixed', 16384],
    [
      'dynamic-yarn',
      { type: 'dynamic-yarn', factor: 8, original_max_position_embeddings: 2048, finetuned: true },
      'dynamic-yarn',
      2048
    ],
    [
      'su',
      {
        type: 'su',
        short_factor: new Array(64).fill(1),
        long_factor: new Array(64).fill(2),
        original_max_position_embeddings: 4096
      },
      'longrope',
      4096
    ]
  ])('%s', (_, rope, name, originalLength) => expect(read(rope)).toMatchObject({ name, geometry: { originalLength } }))
  test('dynamic-yarn that is not finetuned starts at its window', () => {
    expect(() => read({ type: 'dynamic-yarn', factor: 8, original_max_position_embeddings: 2048 })).toThrow(
      'ROPE_CONFIG_INVALID: dynamic-yarn that is not finetuned'
    )
  })
  test('GPT-J', () => {
    expect(readHuggingFaceRope({ n_embd: 4096, n_head: 16, n_positions: 2048, rotary_dim: 64 }).geometry).toEqual({
      base: 10000,
      rotaryDim: 64,
      originalLength: 2048,
      targetLength: 2048
    })
  })
})

describe('refuses', () => {
  const yarn = { rope_type: 'yarn', factor: 8, original_max_position_embeddings: 2048 }
  const cases: [string, string, Record<string, unknown>][] = [
    ['a type that it does not know', 'ROPE_TYPE_UNKNOWN', { rope_scaling: { type: 'dynamics', factor: 8 } }],
    ['a type of the object prototype', 'ROPE_TYPE_UNKNOWN', { rope_scaling: { type: 'constructor', factor: 8 } }],
    ['type and rope_type that differ', 'ROPE_CONFIG_CONTRADICTORY', { rope_scaling: { ...yarn, type: 'linear' } }],
    [
      'old and new keys of other types',
      'ROPE_CONFIG_CONTRADICTORY',
      { rope_scaling: yarn, rope_parameters: { rope_type: 'default', rope_theta: 10000 } }
    ],
    [
      'old and new keys of other factors',
      'ROPE_CONFIG_CONTRADICTORY',
      { rope_scaling: yarn, rope_parameters: { ...yarn, factor: 4 } }
    ],
    [
      'an attention factor in one form only',
      'ROPE_CONFIG_CONTRADICTORY',
      { rope_scaling: yarn, rope_parameters: { ...yarn, attention_factor: 1.1 } }
    ],
    [
      'a base in the new form that the old one loses',
      'ROPE_CONFIG_CONTRADICTORY',
      { rope_scaling: yarn, rope_parameters: { ...yarn, rope_theta: 500000 } }
    ],
    ['two bases', 'ROPE_CONFIG_CONTRADICTORY', { rope_theta: 10000, rope_parameters: { ...yarn, rope_theta: 500000 } }],
    [
      'a RoPE per layer type',
      'ROPE_CONFIG_INVALID',
      { rope_parameters: { full_attention: yarn, sliding_attention: { rope_type: 'default' } } }
    ],
    ['linear without a factor', 'ROPE_CONFIG_INVALID', { rope_scaling: { type: 'linear' } }],
    ['a factor below 1', 'ROPE_CONFIG_INVALID', { rope_scaling: { ...yarn, factor: 0.5 } }],
    ['a factor that is text', 'ROPE_CONFIG_INVALID', { rope_scaling: { ...yarn, factor: '8' } }],
    [
      'a window that shrinks',
      'ROPE_CONFIG_INVALID',
      { rope_scaling: { ...yarn, factor: null, original_max_position_embeddings: 32768 } }
    ],
    ['truncate that is no boolean', 'ROPE_CONFIG_INVALID', { rope_scaling: { ...yarn, truncate: 'no' } }],
    ['beta_fast below beta_slow', 'ROPE_CONFIG_INVALID', { rope_scaling: { ...yarn, beta_fast: 1, beta_slow: 4 } }],
    [
      'longrope lists of another length',
      'ROPE_CONFIG_INVALID',
      { rope_scaling: { type: 'longrope', short_factor: [1], long_factor: [1] } }
    ],
    ['llama3 without its factors', 'ROPE_CONFIG_INVALID', { rope_scaling: { ...yarn, rope_type: 'llama3' } }],
    ['an odd rotary dimension', 'ROPE_CONFIG_INVALID', { head_dim: 63 }],
    ['a gigantic head', 'ROPE_CONFIG_INVALID', { head_dim: 2 ** 40 }],
    ['no window', 'ROPE_CONFIG_INVALID', { max_position_embeddings: null }],
    ['rope_scaling that is a list', 'ROPE_CONFIG_INVALID', { rope_scaling: [8] }]
  ]
  test.each(cases)('%s: %s', (_, code, keys) => expect(() => readHuggingFaceRope({ ...llama, ...keys })).toThrow(code))
})

const models = sharedFixture('models')

describe.skipIf(!models)('model folders', () => {
  const names = models ? readdirSync(models).filter(name => /^(llama|mistral|qwen2|baichuan)/.test(name)) : []
  test.each(names)('%s', name => {
    const config = JSON.parse(readFileSync(join(models as string, name, 'config.json'), 'utf8'))
    const {
      rope_type,
      rope_theta,
      factor = 1,
      original_max_position_embeddings = config.max_position_embeddings / factor
    } = config.rope_parameters
    const reading = readHuggingFaceRope(config)
    expect(reading.name).toBe(rope_type === 'default' ? 'none' : rope_type)
    expect(reading.geometry).toEqual({
      base: rope_theta,
      rotaryDim: config.head_dim ?? config.hidden_size / config.num_attention_heads,
      originalLength: original_max_position_embeddings,
      targetLength: config.max_position_embeddings
    })
  })
})

describe('files from strangers', () => {
  const keys = [
    'rope_theta',
    'rope_type',
    'type',
    'factor',
    'original_max_position_embeddings',
    'attention_factor',
    'beta_fast',
    'truncate',
    'short_factor',
    'long_factor',
    'partial_rotary_factor'
  ]
  const values = fc.oneof(
    fc.constantFrom('yarn', 'linear', 'llama3', 'longrope', 'default'),
    fc.double(),
    fc.integer(),
    fc.jsonValue()
  )
  const rope = fc.dictionary(fc.constantFrom(...keys), values)
  property.prop(
    [
      fc.record(
        {
          head_dim: fc.oneof(fc.constant(64), values),
          max_position_embeddings: fc.oneof(fc.constant(2048), values),
          rope_theta: values,
          rope_parameters: fc.oneof(rope, values),
          rope_scaling: fc.oneof(rope, values)
        },
        { requiredKeys: [] }
      )
    ],
    { numRuns: 2000 }
  )('give a reading or a coded error, never anything else', config => {
    try {
      const { geometry } = readHuggingFaceRope(config)
      expect(geometry.rotaryDim).toBeLessThanOrEqual(65536)
    } catch (error) {
      if (!isSkipwiseError(error)) throw error
      expect(error.code).toMatch(/^ROPE_/)
    }
  })
})
