import { forward, logits, type PositionalEncoding } from '@skipwise/nn'
import { tf } from '@skipwise/runtime'
import { describeArchitecture } from '@skipwise/testing'
import { beforeAll, describe, expect, test } from 'vitest'
import { llama } from './index.js'

const small = {
  model_type: 'llama',
  vocab_size: 9,
  hidden_size: 8,
  intermediate_size: 12,
  num_hidden_layers: 2,
  num_attention_heads: 2,
  max_position_embeddings: 64
}

describeArchitecture(llama, {
  configs: {
    'multi-head attention': small,
    'grouped queries': { ...small, num_attention_heads: 4, num_key_value_heads: 2, head_dim: 4 },
    'tied embeddings': { ...small, tie_word_embeddings: true, num_hidden_layers: 1 },
    'biases everywhere': { ...small, attention_bias: true, mlp_bias: true, num_hidden_layers: 1 },
    'the biases of Qwen2': { ...small, model_type: 'qwen2', num_key_value_heads: 1, num_hidden_layers: 1 },
    'the head norms of Qwen3': {
      ...small,
      model_type: 'qwen3',
      num_attention_heads: 3,
      num_key_value_heads: 1,
      head_dim: 4,
      num_hidden_layers: 1
    },
    'the sliding window of Mistral': { ...small, model_type: 'mistral', num_key_value_heads: 1, sliding_window: 4 },
    'the norms of OLMo 2': { ...small, model_type: 'olmo2', num_attention_heads: 4, num_key_value_heads: 2 },
    'the multipliers of Granite': {
      ...small,
      model_type: 'granite',
      embedding_multiplier: 3,
      attention_multiplier: 0.3,
      residual_multiplier: 0.7,
      logits_scaling: 1.5
    },
    'layers of SmolLM3 without positions': {
      ...small,
      model_type: 'smollm3',
      num_key_value_heads: 1,
      no_rope_layer_interval: 2
    },
    StableLM: { ...small, model_type: 'stablelm', num_key_value_heads: 1, partial_rotary_factor: 0.5 },
    'the head norms and the parallel residual of StableLM 2 12B': {
      ...small,
      model_type: 'stablelm',
      num_key_value_heads: 1,
      partial_rotary_factor: 0.5,
      use_qkv_bias: true,
      qk_layernorm: true,
      use_parallel_residual: true
    },
    'the fused projections of Phi-3': { ...small, model_type: 'phi3', num_key_value_heads: 1 },
    'a part of a head turned, Phi-4-mini': { ...small, model_type: 'phi3', partial_rotary_factor: 0.5 },
    'the norms of Gemma': { ...small, model_type: 'gemma', head_dim: 4, num_key_value_heads: 1, num_hidden_layers: 1 },
    'the soft caps and four norms of Gemma 2': {
      ...small,
      model_type: 'gemma2',
      head_dim: 4,
      num_key_value_heads: 1,
      query_pre_attn_scalar: 9,
      attn_logit_softcapping: 1.5,
      final_logit_softcapping: 2,
      sliding_window: 4
    },
    'the two RoPEs of Gemma 3': {
      ...small,
      model_type: 'gemma3_text',
      head_dim: 4,
      num_key_value_heads: 1,
      rope_local_base_freq: 20,
      sliding_window: 4,
      sliding_window_pattern: 2
    },
    'the two RoPEs of OLMo 3': {
      ...small,
      model_type: 'olmo3',
      sliding_window: 4,
      layer_types: ['sliding_attention', 'full_attention']
    },
    'another activation': { ...small, hidden_act: 'gelu_new', num_hidden_layers: 1 }
  },
  withoutPositions: { 'layers of SmolLM3 without positions': [1] }
})

describe('a sliding window', () => {
  beforeAll(() => tf.setBackend('cpu'))
  const noPositions: PositionalEncoding = {
    tables: () => ({ cos: new Float32Array(0), sin: new Float32Array(0) }),
    apply: x => x
  }

  /** Whether the logits of each token change with the first one. */
  function reach(config: object): boolean[] {
    const model = llama().define({ ...small, num_key_value_heads: 2, ...config })
    const T = 8
    const V = model.geometry.vocabSize
    const empty = tf.zeros([1, T, 0]) as tf.Tensor3D
    const parameters = Object.fromEntries(
      model.parameters.map(({ name, shape }, seed) => [name, tf.randomNormal([...shape], 0, 0.5, 'float32', seed)])
    )
    const of = (first: number) =>
      logits(
        forward(model, noPositions, parameters, {
          batch: 1,
          ids: tf.tensor1d([first, 1, 2, 3, 4, 5, 6, 7], 'int32'),
          cos: empty,
          sin: empty,
          softmaxScale: 1
        })
      ).dataSync<'float32'>()
    const [one, other] = [of(0), of(8)]
    return Array.from({ length: T }, (_, t) =>
      one.subarray(t * V, (t + 1) * V).some((value, v) => value !== other[t * V + v])
    )
  }

  test('of w reaches w − 1 tokens back in each layer, and the layers add up', () => {
    expect(reach({ model_type: 'mistral', sliding_window: 3, num_hidden_layers: 1 })).toEqual([
      true,
      true,
      true,
      false,
      false,
      false,
      false,
      false
    ])
    expect(reach({ model_type: 'mistral', sliding_window: 3 })).toEqual([
      true,
      true,
      true,
      true,
      true,
      false,
      false,
      false
    ])
    expect(reach({ model_type: 'mistral', sliding_window: null, num_hidden_layers: 1 })).not.toContain(false)
  })

  test('is in the layers that Qwen names alone', () => {
    const qwen = { model_type: 'qwen2', use_sliding_window: true, sliding_window: 3 }
    expect(reach({ ...qwen, max_window_layers: 1 })).not.toContain(false)
    expect(reach({ ...qwen, max_window_layers: 0 })).toEqual([true, true, true, true, true, false, false, false])
  })
})
