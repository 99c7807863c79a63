import { createRegistry, type PluginReference } from '@skipwise/core'
import { fc, test as property } from '@fast-check/vitest'
import { describe, expect, test } from 'vitest'
import { convertConfig, interpolationPlugins, readHuggingFaceRope, type ConvertOptions } from '../index.js'

const registry = createRegistry().register(...interpolationPlugins)
const resolve = (reference: PluginReference) => registry.resolveUnknown('interpolation', reference)
const convert = (config: object, options: ConvertOptions) =>
  convertConfig(config as Record<string, unknown>, options, resolve)

/** The frequencies that a reader of the file computes at a length. */
const tableOf = (config: object, length: number) => {
  const { geometry, ...reference } = readHuggingFaceRope(config as Record<string, unknown>)
  return resolve(reference).frequencies({ ...geometry, length })
}

const llama = {
  model_type: 'llama',
  hidden_size: 4096,
  num_attention_heads: 32,
  vocab_size: 32000,
  max_position_embeddings: 16384
}
const pose = { ...llama, rope_scaling: { type: 'yarn', factor: 8, original_max_position_embeddings: 2048 } }
const llama31 = {
  ...llama,
  max_position_embeddings: 131072,
  rope_theta: 500000,
  rope_scaling: {
    factor: 8,
    low_freq_factor: 1,
    high_freq_factor: 4,
    original_max_position_embeddings: 8192,
    rope_type: 'llama3'
  }
}
const geometry = { rotaryDim: 128, base: 10000, originalLength: 2048, targetLength: 16384 }

describe('to transformers', () => {
  test('weights of the PoSE repository get their frequencies as longrope factors, and nothing else changes', () => {
    const { config } = convert(pose, { to: 'transformers', scheme: { name: 'yarn-revised' } })
    const revised = resolve({ name: 'yarn-revised' }).frequencies(geometry)
    expect(config).toMatchObject({
      ...llama,
      rope_theta: 10000,
      rope_parameters: {
        rope_type: 'longrope',
        factor: 8,
        original_max_position_embeddings: 2048,
        attention_factor: 1.2079441541679836
      }
    })
    for (const length of [100, 2048, 16384]) {
      const read = tableOf(config as object, length)
      read.inverseFrequencies.forEach((frequency, i) =>
        expect(Math.abs(frequency / revised.inverseFrequencies[i] - 1)).toBeLessThan(1e-15)
      )
      expect(read.attentionFactor).toBe(revised.attentionFactor)
    }
  })
  test('old, new or both keys', () => {
    const [old, current, both] = (['old', 'new', 'both'] as const).map(
      keys => convert(pose, { to: 'transformers', keys }).config as Record<string, unknown>
    )
    expect(Object.keys(old)).not.toContain('rope_parameters')
    expect(old).toMatchObject({ rope_theta: 10000, rope_scaling: { type: 'yarn', factor: 8 } })
    expect(Object.keys(current)).not.toContain('rope_scaling')
    expect(Object.keys(current)).not.toContain('rope_theta')
    expect(current).toMatchObject({ rope_parameters: { rope_type: 'yarn', rope_theta: 10000, factor: 8 } })
    expect(both).toMatchObject({ rope_scaling: old['rope_scaling'], rope_parameters: current['rope_parameters'] })
  })
  test('LLaMA 3.1 keeps its window, which is longer than the factor means', () => {
    expect(convert(llama31, { to: 'transformers' })).toMatchObject({
      config: { max_position_embeddings: 131072 },
      notes: []
    })
  })
  test('a new target is the new window', () => {
    expect(convert(pose, { to: 'transformers', targetLength: 131072 }).config).toMatchObject({
      max_position_embeddings: 131072,
      rope_parameters: { factor: 64 }
    })
  })
  test('partial rotary stays, keys of the old RoPE that are gone are named', () => {
    const file = {
      ...llama,
      rope_parameters: { rope_type: 'linear', factor: 8, rope_theta: 10000, partial_rotary_factor: 0.5, odd: 1 }
    }
    const { config, notes } = convert(file, { to: 'transformers' })
    expect(config).toMatchObject({ rope_parameters: { partial_rotary_factor: 0.5 } })
    expect(notes).toEqual(['these keys of the old RoPE were removed: odd'])
  })
  test('dynamic takes the window for the original one', () => {
    const file = { ...llama, max_position_embeddings: 2048, rope_scaling: { type: 'dynamic', factor: 8 } }
    expect(convert(file, { to: 'transformers' }).config).toMatchObject({
      max_position_embeddings: 2048,
      rope_parameters: { rope_type: 'dynamic', factor: 8 }
    })
  })
  test('an original window at the top, which wins there, follows', () => {
    const file = { ...pose, original_max_position_embeddings: 4096 }
    expect(convert(file, { to: 'transformers', scheme: { name: 'yarn-revised' } }).config).toMatchObject({
      original_max_position_embeddings: 4096,
      rope_parameters: { original_max_position_embeddings: 4096, factor: 8 }
    })
  })
  test('an original window at the top goes with a type that has none', () => {
    const file = { ...pose, original_max_position_embeddings: 2048 }
    expect(convert(file, { to: 'transformers', scheme: { name: 'ntk' } }).config).not.toHaveProperty(
      'original_max_position_embeddings'
    )
  })
  test('of llama3 it stands at the top too, where the converter of llama.cpp looks', () => {
    expect(
      convert(
        { ...llama31, rope_scaling: { ...llama31.rope_scaling, original_max_position_embeddings: 4096 } },
        { to: 'transformers' }
      ).config
    ).toMatchObject({ original_max_position_embeddings: 4096 })
  })
  test('what changes with the length has no table', () => {
    const file = { ...llama, rope_scaling: { type: 'dynamic', factor: 8 } }
    expect(() => convert(file, { to: 'transformers', asLongrope: true })).toThrow(
      'ROPE_INEXPRESSIBLE: transformers: the frequencies of dynamic-ntk change with the length'
    )
    for (const name of ['dynamic-linear', 'dynamic-yarn'])
      expect(() => convert(file, { to: 'transformers', scheme: { name } })).toThrow('INTERPOLATION_EXPORT')
  })
  test('a pair that does not turn has no finite factor', () => {
    const file = {
      ...llama,
      rope_parameters: { rope_type: 'proportional', rope_theta: 10000, partial_rotary_factor: 0.25 }
    }
    expect(() => convert(file, { to: 'transformers', asLongrope: true })).toThrow(
      'INTERPOLATION_EXPORT: frequency 16 is 0'
    )
    expect(convert(file, { to: 'transformers', keys: 'new' }).config).toMatchObject({
      rope_parameters: { rope_type: 'proportional', factor: 1, partial_rotary_factor: 0.25 }
    })
  })
})

describe('a RoPE per layer type', () => {
  const file = {
    model_type: 'gemma3_text',
    head_dim: 64,
    max_position_embeddings: 32768,
    rope_parameters: {
      full_attention: { rope_type: 'linear', factor: 8, rope_theta: 1e6 },
      sliding_attention: { rope_type: 'default', rope_theta: 10000 },
      nope: null
    }
  }
  test('stays nested, as new keys only', () => {
    const { config } = convert(file, { to: 'transformers', asLongrope: true })
    expect(config).toMatchObject({
      rope_parameters: {
        full_attention: { rope_type: 'longrope', rope_theta: 1e6 },
        sliding_attention: { rope_type: 'default', rope_theta: 10000 },
        nope: null
      }
    })
    expect(Object.keys(config as object)).not.toContain('rope_scaling')
    expect(convert(file, { to: 'axolotl' }).keys).toMatchObject({
      overrides_of_model_config: { rope_parameters: { full_attention: { rope_type: 'linear' } } }
    })
  })
  test("Gemma 3's old keys become nested ones", () => {
    const old = {
      head_dim: 64,
      max_position_embeddings: 32768,
      rope_theta: 1e6,
      rope_local_base_freq: 10000,
      rope_scaling: { rope_type: 'linear', factor: 8 }
    }
    const { config } = convert(old, { to: 'transformers' })
    expect(config).toMatchObject({
      rope_parameters: {
        full_attention: { rope_type: 'linear', rope_theta: 1e6, factor: 8 },
        sliding_attention: { rope_type: 'default', rope_theta: 10000 }
      }
    })
    expect(Object.keys(config as object)).not.toContain('rope_local_base_freq')
  })
  test('has no keys in litgpt', () => expect(() => convert(file, { to: 'litgpt' })).toThrow('ROPE_INEXPRESSIBLE'))
  test('llama.cpp has a base of their own for the sliding layers of some models', () => {
    const { nope: _, ...both } = file.rope_parameters
    expect(convert({ ...file, rope_parameters: both }, { to: 'llama.cpp' }).keys).toMatchObject({
      'gemma3.rope.freq_base': 1e6,
      'gemma3.rope.scaling.type': 'linear',
      'gemma3.rope.scaling.factor': 8,
      'gemma3.rope.freq_base_swa': 10000
    })
    expect(() => convert({ ...file, model_type: 'modernbert' }, { to: 'llama.cpp' })).toThrow('ROPE_INEXPRESSIBLE')
  })
  test('has no old keys in general', () =>
    expect(() => convert({ ...file, model_type: 'llama' }, { to: 'transformers', keys: 'old' })).toThrow(
      'ROPE_INEXPRESSIBLE'
    ))
  test('has old keys where the model makes its RoPEs of them, with the new name of the type', () => {
    const { nope: _, ...both } = file.rope_parameters
    expect(convert({ ...file, rope_parameters: both }, { to: 'transformers', keys: 'old' }).config).toEqual({
      model_type: 'gemma3_text',
      head_dim: 64,
      max_position_embeddings: 32768,
      rope_theta: 1e6,
      rope_local_base_freq: 10000,
      rope_scaling: { type: 'linear', rope_type: 'linear', factor: 8 }
    })
  })
  test('another scheme and target are for the full layers', () => {
    const { keys } = convert(file, { to: 'transformers', scheme: { name: 'ntk' }, targetLength: 65536 })
    expect(keys['rope_parameters']).toMatchObject({
      full_attention: { rope_type: 'default' },
      sliding_attention: { rope_type: 'default', rope_theta: 10000 }
    })
    expect(keys['max_position_embeddings']).toBe(65536)
  })
  test('a share that only the type of the model has is written', () => {
    const laguna = { model_type: 'laguna', head_dim: 128, max_position_embeddings: 4096 }
    expect(convert(laguna, { to: 'transformers' }).config).toMatchObject({
      rope_parameters: {
        full_attention: { partial_rotary_factor: 0.5, rope_theta: 500000 },
        sliding_attention: { rope_theta: 10000 }
      }
    })
  })
})

describe('models of many types', () => {
  const neox = {
    model_type: 'gpt_neox',
    hidden_size: 512,
    num_attention_heads: 8,
    max_position_embeddings: 2048,
    rotary_emb_base: 10000,
    rotary_pct: 0.25
  }
  test('GPT-NeoX: as many factors as frequencies, and its own name for the base follows', () => {
    expect(
      convert(neox, { to: 'transformers', scheme: { name: 'yarn-revised' }, targetLength: 8192 }).config
    ).toMatchObject({
      rotary_emb_base: 10000,
      rotary_pct: 0.25,
      rope_scaling: { long_factor: expect.arrayContaining([1]) }
    })
    const { config } = convert(neox, { to: 'transformers', scheme: { name: 'ntk' }, targetLength: 8192 })
    expect(config?.['rotary_emb_base']).toBe(config?.['rope_theta'])
    expect(config?.['rotary_emb_base']).toBeGreaterThan(10000)
  })
  test('the keys of a text model change where they lie', () => {
    const file = {
      model_type: 'llava',
      vision_config: { hidden_size: 8 },
      text_config: { ...llama, rope_theta: 10000 }
    }
    const { config, changes } = convert(file, { to: 'transformers', scheme: { name: 'linear' }, targetLength: 65536 })
    expect(config).toMatchObject({
      vision_config: { hidden_size: 8 },
      text_config: { max_position_embeddings: 65536, rope_scaling: { type: 'linear', factor: 4 } }
    })
    expect(changes?.path).toEqual(['text_config'])
    expect(config).not.toHaveProperty('rope_scaling')
  })
  test('the window is written under the name that the file has for it', () => {
    const file = { model_type: 'gptj', n_embd: 512, n_head: 8, n_positions: 2048, rotary_dim: 32 }
    const { config, notes } = convert(file, { to: 'transformers', scheme: { name: 'linear' }, targetLength: 8192 })
    expect(config).toMatchObject({ n_positions: 8192 })
    expect(config).not.toHaveProperty('max_position_embeddings')
    expect(notes).toContainEqual(expect.stringContaining('may not read these keys'))
  })
  test('Phi-3 gets its longrope, whatever the scheme, and its original window at the top', () => {
    const phi3 = { ...llama, model_type: 'phi3', max_position_embeddings: 4096, rope_theta: 10000 }
    expect(convert(phi3, { to: 'transformers', scheme: { name: 'yarn' }, targetLength: 16384 }).config).toMatchObject({
      original_max_position_embeddings: 4096,
      rope_scaling: { rope_type: 'longrope', attention_factor: 0.1 * Math.log(4) + 1 }
    })
  })
  test('Mixtral gets the head_dim that transformers needs', () => {
    const mixtral = { ...llama, model_type: 'mixtral', rope_theta: 1e6 }
    expect(
      convert(mixtral, { to: 'transformers', scheme: { name: 'yarn' }, targetLength: 65536 }).config
    ).toMatchObject({ head_dim: 128 })
    expect(
      convert(mixtral, { to: 'transformers', scheme: { name: 'linear' }, targetLength: 65536 }).config
    ).not.toHaveProperty('head_dim')
  })
  test('linear says its original window at the top, so that it can be read again', () => {
    const { config } = convert(
      { ...llama, rope_theta: 10000 },
      { to: 'transformers', scheme: { name: 'linear' }, targetLength: 65536 }
    )
    expect(config).toMatchObject({ max_position_embeddings: 65536, original_max_position_embeddings: 16384 })
    expect(readHuggingFaceRope(config ?? {})).toEqual({
      name: 'linear',
      config: {},
      geometry: { base: 10000, rotaryDim: 128, originalLength: 16384, targetLength: 65536 }
    })
  })
  test('a model without RoPE has nothing to convert', () =>
    expect(() => convert({ model_type: 'bloom' }, { to: 'transformers' })).toThrow('ROPE_NONE'))
})

describe('to vLLM', () => {
  test('yarn says A in both ways that its versions read', () => {
    const file = { ...pose, rope_scaling: { ...pose.rope_scaling, attention_factor: 1.5 } }
    expect(convert(file, { to: 'vllm' }).config).toMatchObject({
      rope_parameters: { attention_factor: 1.5, attn_factor: 1.5 / (0.1 * Math.log(8) + 1) }
    })
  })
  test('longrope says A as short_mscale and long_mscale: attention_factor is not read', () => {
    const { config } = convert(pose, { to: 'vllm', scheme: { name: 'yarn-revised' } })
    for (const form of ['rope_parameters', 'rope_scaling'])
      expect(config).toMatchObject({ [form]: { short_mscale: 1.2079441541679836, long_mscale: 1.2079441541679836 } })
  })
  test('there is no dynamic, but its static form is a base', () => {
    const file = { ...llama, max_position_embeddings: 2048, rope_scaling: { type: 'dynamic', factor: 8 } }
    expect(() => convert(file, { to: 'vllm' })).toThrow('ROPE_INEXPRESSIBLE: vllm: dynamic-ntk follows the length')
    const { config } = convert(file, { to: 'vllm', scheme: { name: 'dynamic-ntk-static' } })
    expect(config).toMatchObject({ rope_scaling: null, max_position_embeddings: 16384 })
    expect((config as { rope_theta: number }).rope_theta).toBeCloseTo(10000 * 57 ** (128 / 126), 4)
  })
  test('two lists are not the same at every length there', () => {
    const ones = new Array<number>(64).fill(1)
    const file = {
      ...pose,
      rope_scaling: {
        type: 'longrope',
        short_factor: ones,
        long_factor: ones.map(() => 2),
        factor: 8,
        original_max_position_embeddings: 2048
      }
    }
    expect(convert(file, { to: 'vllm' }).notes[0]).toMatch('takes the long list for every sequence')
  })
})

describe('to llama.cpp', () => {
  const keys = (config: object, options: Partial<ConvertOptions> = {}) =>
    convert(config, { to: 'llama.cpp', ...options })
  test('yarn: what is left of A after its own 0.1 ln s + 1', () => {
    expect(keys(pose)).toEqual({
      stack: 'llama.cpp',
      keys: {
        'llama.rope.freq_base': 10000,
        'llama.rope.dimension_count': 128,
        'llama.context_length': 16384,
        'llama.rope.scaling.type': 'yarn',
        'llama.rope.scaling.factor': 8,
        'llama.rope.scaling.original_context_length': 2048,
        'llama.rope.scaling.attn_factor': 1
      },
      notes: []
    })
    const file = { ...pose, rope_scaling: { ...pose.rope_scaling, attention_factor: 1 } }
    expect(keys(file).keys['llama.rope.scaling.attn_factor']).toBeCloseTo(1 / 1.2079441541679836, 15)
  })
  test('linear and another base', () => {
    expect(keys({ ...llama, rope_scaling: { type: 'linear', factor: 8 } }).keys).toMatchObject({
      'llama.rope.scaling.type': 'linear',
      'llama.rope.scaling.factor': 8
    })
    expect(keys(pose, { scheme: { name: 'ntk' } }).keys['llama.rope.freq_base']).toBeCloseTo(
      10000 * 8 ** (128 / 126),
      6
    )
  })
  test('other tables are factors, with A beside them', () => {
    const { keys: written, tensors } = keys(pose, { scheme: { name: 'yarn-revised' } })
    const { inverseFrequencies } = resolve({ name: 'yarn-revised' }).frequencies(geometry)
    expect(written).toMatchObject({
      'llama.rope.scaling.type': 'none',
      'llama.rope.scaling.attn_factor': 1.2079441541679836
    })
    tensors?.['rope_freqs.weight'].forEach((factor, i) =>
      expect(10000 ** (-i / 64) / factor / inverseFrequencies[i]).toBeCloseTo(1, 14)
    )
    expect(keys(llama31)).toMatchObject({ keys: { 'llama.context_length': 131072 } })
    expect(keys({ ...pose, rope_scaling: { ...pose.rope_scaling, truncate: false } }).tensors).toBeDefined()
  })
  test('an architecture that reads no factors gets none', () => {
    expect(() => keys({ ...pose, model_type: 'qwen2' }, { scheme: { name: 'yarn-revised' } })).toThrow(
      'its qwen2 reads no table'
    )
    expect(keys({ ...pose, model_type: 'qwen2' }).keys).toMatchObject({ 'qwen2.rope.scaling.type': 'yarn' })
  })
  test('two lists of longrope', () => {
    const ones = new Array<number>(64).fill(1)
    const file = {
      ...pose,
      rope_scaling: {
        type: 'longrope',
        short_factor: ones,
        long_factor: ones.map(() => 2),
        factor: 8,
        original_max_position_embeddings: 2048
      }
    }
    const converted = keys(file)
    expect(converted.tensors?.['rope_factors_long.weight'].every(factor => Math.abs(factor - 2) < 1e-14)).toBe(true)
    expect(converted.notes).toHaveLength(1)
  })
  test.each([
    ['gpt_neox', 'gptneox'],
    ['phi', 'phi2'],
    ['cohere', 'command-r'],
    ['glm', 'chatglm'],
    ['glm4', 'glm4'],
    ['olmo2', 'olmo2'],
    ['mistral', 'llama'],
    ['qwen2_moe', 'qwen2moe'],
    ['granitemoeshared', 'granitemoe']
  ])('the keys of %s begin with %s', (model_type, name) => {
    const { keys: written } = keys({ ...llama, model_type, rope_theta: 1e5 })
    expect(Object.keys(written).every(key => key.startsWith(`${name}.`))).toBe(true)
  })
  test.each(['gptj', 'persimmon', 'something_new', 'constructor'])('%s has no name there', model_type => {
    expect(() => keys({ ...llama, model_type, rope_theta: 1e5, rotary_dim: 64 })).toThrow(
      'ROPE_INEXPRESSIBLE: llama.cpp: no name of an architecture is known'
    )
  })
  test('Phi-3 has two lists, of any table', () => {
    const phi3 = { ...llama, model_type: 'phi3', max_position_embeddings: 4096, rope_theta: 10000 }
    const { keys: written, tensors } = keys(phi3, { scheme: { name: 'yarn-revised' }, targetLength: 32768 })
    expect(written).toMatchObject({
      'phi3.rope.scaling.type': 'longrope',
      'phi3.rope.scaling.original_context_length': 4096,
      'phi3.rope.scaling.attn_factor': 1.2079441541679836
    })
    expect(tensors?.['rope_factors_short.weight']).toEqual(tensors?.['rope_factors_long.weight'])
  })
  test("DeepSeek's own multiplier, from which llama.cpp takes the softmax scale too", () => {
    const file = {
      ...llama,
      model_type: 'deepseek_v3',
      qk_rope_head_dim: 64,
      rope_theta: 10000,
      rope_scaling: { type: 'yarn', factor: 8, original_max_position_embeddings: 2048, mscale: 1, mscale_all_dim: 1 }
    }
    const { keys: written } = keys(file)
    expect(written).toMatchObject({
      'deepseek2.rope.dimension_count': 64,
      'deepseek2.rope.scaling.yarn_log_multiplier': 0.1
    })
    expect(written).not.toHaveProperty('deepseek2.rope.scaling.attn_factor')
  })
  test('sections for images', () => {
    const file = {
      ...llama,
      model_type: 'qwen2_vl',
      rope_theta: 1e6,
      rope_scaling: { type: 'mrope', mrope_section: [16, 24, 24] }
    }
    expect(keys(file).keys).toMatchObject({ 'qwen2vl.rope.dimension_sections': [16, 24, 24, 0] })
  })
  test('dynamic cannot be', () =>
    expect(() => keys({ ...llama, rope_scaling: { type: 'dynamic', factor: 8 } })).toThrow('ROPE_INEXPRESSIBLE'))
})

describe('to axolotl and litgpt', () => {
  test('axolotl: overrides; a rope_scaling in the file would win over them', () => {
    expect(convert(pose, { to: 'axolotl' }).keys).toEqual({
      overrides_of_model_config: {
        rope_parameters: expect.objectContaining({ rope_type: 'yarn', factor: 8 }),
        rope_scaling: null,
        max_position_embeddings: 16384
      }
    })
  })
  test('litgpt: base, condensed positions, llama3; never its yarn', () => {
    expect(convert({ ...llama, rope_scaling: { type: 'linear', factor: 8 } }, { to: 'litgpt' }).keys).toEqual({
      rope_base: 10000,
      rope_n_elem: 128,
      block_size: 16384,
      rope_condense_ratio: 8
    })
    expect(convert(llama31, { to: 'litgpt' }).keys).toMatchObject({
      block_size: 131072,
      rope_adjustments: { factor: 8, low_freq_factor: 1, high_freq_factor: 4, original_max_seq_len: 8192 }
    })
    for (const name of ['yarn', 'yarn-revised', 'ntk-fixed'])
      expect(() => convert(pose, { to: 'litgpt', scheme: { name } })).toThrow('ROPE_INEXPRESSIBLE')
  })
})

describe('properties', () => {
  const schemes = fc.constantFrom<PluginReference>(
    { name: 'none' },
    { name: 'linear' },
    { name: 'ntk' },
    { name: 'ntk-fixed' },
    { name: 'ntk-fixed', config: { mixedB: 0.7 } },
    { name: 'dynamic-ntk' },
    { name: 'dynamic-ntk-static' },
    { name: 'ntk-by-parts' },
    { name: 'yarn' },
    { name: 'yarn', config: { truncate: false, clamp: 'frequencies' } },
    { name: 'yarn', config: { mscale: 1, mscaleAllDim: 0.7 } },
    { name: 'yarn-revised' },
    { name: 'yarn-paper' },
    { name: 'llama3' }
  )
  const files = fc
    .record({
      head_dim: fc.integer({ min: 2, max: 64 }).map(half => 2 * half),
      rope_theta: fc.double({ min: 100, max: 1e7, noNaN: true }),
      original: fc.integer({ min: 64, max: 32768 }),
      factor: fc.integer({ min: 1, max: 64 })
    })
    .map(({ original, factor, ...rest }) => ({
      ...rest,
      max_position_embeddings: original * factor,
      rope_scaling: { type: 'yarn', factor, original_max_position_embeddings: original }
    }))
  property.prop([
    schemes,
    files,
    fc.constantFrom('transformers' as const, 'vllm' as const),
    fc.boolean(),
    fc.double({ min: 0, max: 2, noNaN: true })
  ])(
    'what is written for transformers and vLLM is what was computed, at every length',
    (scheme, file, to, asLongrope, share) => {
      const { original_max_position_embeddings: originalLength, factor } = file.rope_scaling
      const targetLength = originalLength * factor
      const length = Math.ceil(share * targetLength)
      let written
      try {
        written = convert(file, { to, scheme, asLongrope }).config as object
      } catch (error) {
        expect(scheme.name, String(error)).toBe('dynamic-ntk')
        return
      }
      const expected = resolve(scheme).frequencies({
        rotaryDim: file.head_dim,
        base: file.rope_theta,
        originalLength,
        targetLength,
        length
      })
      const read = tableOf(written, length)
      expected.inverseFrequencies.forEach((frequency, i) =>
        expect(Math.abs(read.inverseFrequencies[i] / frequency - 1)).toBeLessThan(1e-9)
      )
      expect(Math.abs(read.attentionFactor / expected.attentionFactor - 1)).toBeLessThan(1e-12)
    }
  )
})
