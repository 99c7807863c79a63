import { describe, expect, test } from 'vitest'
import { parseGptneoxConfig } from './config.js'
import { defineGptneox } from './model.js'

const small = {
  model_type: 'gpt_neox',
  vocab_size: 64,
  hidden_size: 32,
  intermediate_size: 96,
  num_hidden_layers: 1,
  num_attention_heads: 4,
  max_position_embeddings: 64,
  rotary_pct: 0.25
}

describe('parseGptneoxConfig', () => {
  test('has the defaults of transformers, which are GPT-NeoX-20B', () => {
    expect(parseGptneoxConfig({ model_type: 'gpt_neox' })).toEqual({
      vocabSize: 50432,
      hiddenSize: 6144,
      intermediateSize: 24576,
      layers: 44,
      heads: 64,
      headDim: 96,
      rotaryDim: 24,
      maxPositionEmbeddings: 2048,
      layerNormEpsilon: 1e-5,
      activation: 'gelu',
      parallelResidual: true,
      attentionBias: true,
      tieWordEmbeddings: false
    })
  })

  test('reads the share of a head that turns from either place, the newer first', () => {
    const rotaryDim = (change: object) => parseGptneoxConfig({ ...small, ...change }).rotaryDim
    expect(rotaryDim({})).toBe(2)
    expect(rotaryDim({ rotary_pct: 1 })).toBe(8)
    expect(rotaryDim({ rotary_pct: undefined })).toBe(2)
    expect(rotaryDim({ rope_parameters: { rope_type: 'default', partial_rotary_factor: 0.5 } })).toBe(4)
    expect(rotaryDim({ rope_parameters: { rope_type: 'default' } })).toBe(2)
  })

  test.each([
    ['another model type', { model_type: 'gptj' }, 'model_type'],
    ['heads that do not divide the width', { num_attention_heads: 5 }, 'hidden_size 32'],
    ['a share of more than the head', { rotary_pct: 1.5 }, 'rotary_pct'],
    ['a share that turns nothing', { rotary_pct: 0.01 }, 'rotates 0 of the 8'],
    ['an odd number of rotary dimensions', { rotary_pct: 0.4 }, 'rotates 3 of the 8'],
    ['an activation that nobody knows', { hidden_act: 'geglu' }, 'hidden_act'],
    ['a size of no whole number', { num_hidden_layers: 1.5 }, 'num_hidden_layers']
  ])('refuses %s', (_, change, named) => {
    expect(() => parseGptneoxConfig({ ...small, ...change })).toThrow(new RegExp(`ARCHITECTURE_CONFIG.*${named}`))
  })
})

test('names and shapes are those of a checkpoint of transformers', () => {
  const { parameters } = defineGptneox(parseGptneoxConfig(small))
  expect(Object.fromEntries(parameters.map(({ name, shape }) => [name, shape]))).toEqual({
    'gpt_neox.embed_in.weight': [64, 32],
    'gpt_neox.layers.0.input_layernorm.weight': [32],
    'gpt_neox.layers.0.input_layernorm.bias': [32],
    'gpt_neox.layers.0.post_attention_layernorm.weight': [32],
    'gpt_neox.layers.0.post_attention_layernorm.bias': [32],
    'gpt_neox.layers.0.attention.query_key_value.weight': [96, 32],
    'gpt_neox.layers.0.attention.query_key_value.bias': [96],
    'gpt_neox.layers.0.attention.dense.weight': [32, 32],
    'gpt_neox.layers.0.attention.dense.bias': [32],
    'gpt_neox.layers.0.mlp.dense_h_to_4h.weight': [96, 32],
    'gpt_neox.layers.0.mlp.dense_h_to_4h.bias': [96],
    'gpt_neox.layers.0.mlp.dense_4h_to_h.weight': [32, 96],
    'gpt_neox.layers.0.mlp.dense_4h_to_h.bias': [32],
    'gpt_neox.final_layer_norm.weight': [32],
    'gpt_neox.final_layer_norm.bias': [32],
    'embed_out.weight': [64, 32]
  })
})
