import { describe, expect, test } from 'vitest'
import { parseLlamaConfig } from './config.js'
import { defineLlama } from './model.js'

const small = {
  model_type: 'llama',
  vocab_size: 64,
  hidden_size: 32,
  intermediate_size: 80,
  num_hidden_layers: 2,
  num_attention_heads: 4,
  max_position_embeddings: 64
}

describe('parseLlamaConfig', () => {
  test('has the defaults of transformers', () => {
    expect(parseLlamaConfig(small)).toMatchObject({
      keyValueHeads: 4,
      headDim: 8,
      normEpsilon: 1e-6,
      tieWordEmbeddings: false,
      queryKeyValueBias: false
    })
  })

  test('knows where biases are: all four projections in LLaMA and Qwen3, three in Qwen2, none in Mistral', () => {
    const biases = (change: object) => {
      const { queryKeyValueBias, outputBias, mlpBias } = parseLlamaConfig({
        ...small,
        num_key_value_heads: 2,
        attention_bias: true,
        mlp_bias: true,
        ...change
      })
      return [queryKeyValueBias, outputBias, mlpBias]
    }
    expect(biases({})).toEqual([true, true, true])
    expect(biases({ model_type: 'mistral' })).toEqual([false, false, false])
    expect(biases({ model_type: 'qwen2', attention_bias: false })).toEqual([true, false, false])
    expect(biases({ model_type: 'qwen3' })).toEqual([true, true, false])
    expect(biases({ model_type: 'qwen3', attention_bias: false })).toEqual([false, false, false])
  })

  test.each([
    ['llama', {}, { heads: 32, keyValueHeads: 32, headDim: 128, maxPositionEmbeddings: 2048 }],
    ['mistral', {}, { keyValueHeads: 8, headDim: 128, maxPositionEmbeddings: 131072 }],
    ['qwen2', {}, { keyValueHeads: 32, headDim: 128, maxPositionEmbeddings: 32768 }],
    [
      'qwen3',
      { hidden_size: 1024 },
      {
        keyValueHeads: 32,
        headDim: 128,
        maxPositionEmbeddings: 32768,
        form: { queryKeyNorm: 'shared by heads', norm: 'rms', residual: 'pre-norm', fusedProjections: false }
      }
    ],
    ['mistral', { num_key_value_heads: null }, { keyValueHeads: 32 }],
    ['olmo2', {}, { keyValueHeads: 32, normEpsilon: 1e-5, maxPositionEmbeddings: 2048, tieWordEmbeddings: false }],
    // Granite multiplies scores by 1 where its file does not say
    ['granite', {}, { keyValueHeads: 32, scoreScale: 1, multipliers: { embedding: 1, residual: 1, logitsDivisor: 1 } }],
    ['smollm3', {}, { keyValueHeads: 4, tieWordEmbeddings: true, maxPositionEmbeddings: 32768, normEpsilon: 1e-6 }],
    ['stablelm', { head_dim: 64 }, { keyValueHeads: 32, headDim: 128, rotaryDim: 32, normEpsilon: 1e-5 }],
    [
      'gemma',
      { hidden_act: 'gelu' },
      {
        keyValueHeads: 16,
        headDim: 256,
        tieWordEmbeddings: true,
        activation: 'gelu_pytorch_tanh',
        multipliers: { embedding: 64, residual: 1, logitsDivisor: 1 },
        scoreSoftCap: undefined
      }
    ],
    [
      'gemma2',
      { query_pre_attn_scalar: 64 },
      {
        keyValueHeads: 4,
        headDim: 256,
        activation: 'gelu_pytorch_tanh',
        scoreScale: 1 / 8,
        scoreSoftCap: 50,
        logitSoftCap: 30,
        slidingWindows: [4096, undefined]
      }
    ],
    [
      'gemma2',
      { attn_logit_softcapping: null, final_logit_softcapping: null, hidden_activation: 'silu' },
      { scoreSoftCap: undefined, logitSoftCap: undefined, activation: 'silu' }
    ],
    [
      'gemma3_text',
      {},
      {
        keyValueHeads: 4,
        headDim: 256,
        tieWordEmbeddings: true,
        scoreScale: 1 / 16,
        scoreSoftCap: undefined,
        logitSoftCap: undefined,
        slidingWindows: [4096, 4096],
        localRopeBase: 10000
      }
    ],
    [
      'gemma3_text',
      {
        sliding_window_pattern: 2,
        rope_local_base_freq: 20,
        rope_parameters: { sliding_attention: { rope_type: 'default', rope_theta: 30 } }
      },
      { slidingWindows: [4096, undefined], localRopeBase: 30 }
    ],
    ['gemma3_text', { rope_local_base_freq: 20 }, { localRopeBase: 20 }],
    ['olmo3', { rope_theta: 20 }, { normEpsilon: 1e-5, slidingWindows: [4096, 4096], localRopeBase: 500000 }],
    ['phi3', {}, { keyValueHeads: 32, rotaryDim: 128, normEpsilon: 1e-5, slidingWindows: [undefined, undefined] }]
  ])('has the defaults of %s %j', (model_type, change, expected) => {
    const { max_position_embeddings: _, ...rest } = small
    expect(
      parseLlamaConfig({ ...rest, model_type, hidden_size: 4096, num_attention_heads: 32, ...change })
    ).toMatchObject(expected)
  })

  test.each([
    ['by the numbers of the file', { no_rope_layers: [0, 1, 1] }, [false, true]],
    ['by an interval', { no_rope_layer_interval: 2 }, [true, false]],
    ['every fourth without them', {}, [true, true]]
  ])('layers of SmolLM3 have positions %s', (_, change, hasPositions) => {
    const config = { ...small, model_type: 'smollm3', ...change }
    expect(parseLlamaConfig(config).hasPositions).toEqual(hasPositions)
  })

  test('reads the share of a head that turns from either place, the newer first, where the model type has one', () => {
    const rotaryDim = (change: object) =>
      parseLlamaConfig({ ...small, model_type: 'stablelm', num_key_value_heads: 4, ...change }).rotaryDim
    expect(rotaryDim({})).toBe(2)
    expect(rotaryDim({ partial_rotary_factor: 0.5 })).toBe(4)
    const parameters = { rope_type: 'default', partial_rotary_factor: 1 }
    expect(rotaryDim({ partial_rotary_factor: 0.5, rope_parameters: parameters })).toBe(8)
    expect(rotaryDim({ model_type: 'llama', partial_rotary_factor: 0.5 })).toBe(8)
  })

  test.each([
    ['LLaMA has none', { sliding_window: 8 }, [undefined, undefined]],
    ['Mistral slides in every layer', { model_type: 'mistral', sliding_window: 8 }, [8, 8]],
    ['Mistral slides by 4,096 where the file does not say', { model_type: 'mistral' }, [4096, 4096]],
    ['Mistral does not where it says null', { model_type: 'mistral', sliding_window: null }, [undefined, undefined]],
    [
      'Qwen does not unless told',
      { model_type: 'qwen2', sliding_window: 8, max_window_layers: 0 },
      [undefined, undefined]
    ],
    [
      'Qwen slides from a layer on',
      { model_type: 'qwen2', sliding_window: 8, use_sliding_window: true, max_window_layers: 1 },
      [undefined, 8]
    ],
    [
      'Qwen slides by the type of the layer',
      {
        model_type: 'qwen3',
        sliding_window: 8,
        use_sliding_window: true,
        layer_types: ['sliding_attention', 'full_attention']
      },
      [8, undefined]
    ],
    ['Phi-3 slides in every layer', { model_type: 'phi3', sliding_window: 8 }, [8, 8]],
    [
      'SmolLM3 slides where it has no positions',
      { model_type: 'smollm3', sliding_window: 8, use_sliding_window: true, no_rope_layer_interval: 2 },
      [undefined, 8]
    ],
    [
      'SmolLM3 does not unless told',
      { model_type: 'smollm3', sliding_window: 8, no_rope_layer_interval: 1 },
      [undefined, undefined]
    ],
    [
      'SmolLM3 slides by the type of the layer',
      {
        model_type: 'smollm3',
        sliding_window: 8,
        use_sliding_window: true,
        layer_types: ['sliding_attention', 'full_attention']
      },
      [8, undefined]
    ]
  ])('windows: %s', (_, change, slidingWindows) => {
    expect(parseLlamaConfig({ ...small, num_key_value_heads: 4, ...change }).slidingWindows).toEqual(slidingWindows)
  })

  test.each([
    ['another model type', { model_type: 'gptj' }, 'model_type'],
    ['a missing size', { hidden_size: undefined }, 'hidden_size'],
    ['a negative size', { num_hidden_layers: -1 }, 'num_hidden_layers'],
    ['heads that do not divide the width', { num_attention_heads: 5 }, 'hidden_size 32'],
    ['key heads that do not divide the heads', { num_key_value_heads: 3 }, 'num_key_value_heads 3'],
    ['heads of an odd size', { head_dim: 7 }, 'head_dim 7'],
    ['an activation that nobody knows', { hidden_act: 'geglu' }, 'hidden_act'],
    ['a sliding window of nothing', { model_type: 'mistral', sliding_window: 0 }, 'sliding_window'],
    [
      'a layer that slides without a window',
      { model_type: 'qwen3', num_key_value_heads: 2, layer_types: ['full_attention', 'sliding_attention'] },
      'layer 1 slides, but there is no window'
    ],
    [
      'a layer of SmolLM3 that slides without a window',
      { model_type: 'smollm3', layer_types: ['full_attention', 'sliding_attention'] },
      'SmolLM3: layer 1 slides'
    ],
    ['too few layers of SmolLM3', { model_type: 'smollm3', no_rope_layers: [1] }, 'no_rope_layers names 1'],
    [
      'a Gemma that looks ahead',
      { model_type: 'gemma', head_dim: 8, num_key_value_heads: 4, use_bidirectional_attention: true },
      'only causal attention'
    ],
    [
      'a Gemma 2 that slides without a window',
      { model_type: 'gemma2', sliding_window: null },
      'Gemma 2: layer 0 slides'
    ],
    [
      'a Gemma 3 whose sliding layers are scaled',
      { model_type: 'gemma3_text', rope_parameters: { sliding_attention: { rope_type: 'linear', factor: 2 } } },
      "RoPE of its sliding layers is 'linear'"
    ],
    ['a soft cap of nothing', { model_type: 'gemma2', attn_logit_softcapping: 0 }, 'attn_logit_softcapping'],
    ['a multiplier of nothing', { model_type: 'granite', logits_scaling: 0 }, 'logits_scaling'],
    [
      'an odd number of rotary dimensions',
      { model_type: 'stablelm', num_key_value_heads: 4, partial_rotary_factor: 0.4 },
      'turns 3 of the 8'
    ],
    [
      'too few layer types',
      { model_type: 'qwen2', num_key_value_heads: 2, layer_types: ['full_attention'] },
      'layer_types lists 1'
    ]
  ])('refuses %s', (_, change, named) => {
    expect(() => parseLlamaConfig({ ...small, ...change })).toThrow(new RegExp(`ARCHITECTURE_CONFIG.*${named}`))
  })
})

describe('defineLlama', () => {
  test('names and shapes are those of a checkpoint with grouped queries', () => {
    const { parameters } = defineLlama(parseLlamaConfig({ ...small, num_hidden_layers: 1, num_key_value_heads: 2 }))
    expect(Object.fromEntries(parameters.map(({ name, shape }) => [name, shape]))).toEqual({
      'model.embed_tokens.weight': [64, 32],
      'model.layers.0.input_layernorm.weight': [32],
      'model.layers.0.self_attn.q_proj.weight': [32, 32],
      'model.layers.0.self_attn.k_proj.weight': [16, 32],
      'model.layers.0.self_attn.v_proj.weight': [16, 32],
      'model.layers.0.self_attn.o_proj.weight': [32, 32],
      'model.layers.0.post_attention_layernorm.weight': [32],
      'model.layers.0.mlp.gate_proj.weight': [80, 32],
      'model.layers.0.mlp.up_proj.weight': [80, 32],
      'model.layers.0.mlp.down_proj.weight': [32, 80],
      'model.norm.weight': [32],
      'lm_head.weight': [64, 32]
    })
  })

  test('tied embeddings have no output matrix', () => {
    expect(
      defineLlama(parseLlamaConfig({ ...small, tie_word_embeddings: true })).parameters.map(({ name }) => name)
    ).not.toContain('lm_head.weight')
  })
})
