import { describe, expect, test } from 'vitest'
import { parseLlamaConfig } from './config.js'
import { defineLlama } from './model.js'

const small = { model_type: 'llama', vocab_size: 64, hidden_size: 32, intermediate_size: 80, num_hidden_layers: 2, num_attention_heads: 4, max_position_embeddings: 64 }

describe('parseLlamaConfig', () => {
  test('has the defaults of transformers', () => {
    expect(parseLlamaConfig(small)).toMatchObject({ keyValueHeads: 4, headDim: 8, rmsNormEps: 1e-6, tieWordEmbeddings: false, queryKeyValueBias: false })
  })

  test('knows where biases are: all four projections in LLaMA, three in Qwen2', () => {
    expect(parseLlamaConfig({ ...small, attention_bias: true })).toMatchObject({ queryKeyValueBias: true, outputBias: true })
    expect(parseLlamaConfig({ ...small, model_type: 'qwen2' })).toMatchObject({ queryKeyValueBias: true, outputBias: false })
  })

  test.each([
    ['another model type', { model_type: 'gptj' }, 'model_type'],
    ['a missing size', { hidden_size: undefined }, 'hidden_size'],
    ['a negative size', { num_hidden_layers: -1 }, 'num_hidden_layers'],
    ['heads that do not divide the width', { num_attention_heads: 5 }, 'hidden_size 32'],
    ['key heads that do not divide the heads', { num_key_value_heads: 3 }, 'num_key_value_heads 3'],
    ['another activation', { hidden_act: 'gelu' }, 'hidden_act'],
    ['a sliding window inside the context', { model_type: 'mistral', sliding_window: 32 }, 'sliding_window 32']
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
    expect(defineLlama(parseLlamaConfig({ ...small, tie_word_embeddings: true })).parameters.map(({ name }) => name)).not.toContain('lm_head.weight')
  })
})
