import { describe, expect, test } from 'vitest'
import { parsePhiConfig } from './config.js'
import { definePhi } from './model.js'

const small = {
  model_type: 'phi',
  vocab_size: 64,
  hidden_size: 32,
  intermediate_size: 96,
  num_hidden_layers: 1,
  num_attention_heads: 4,
  max_position_embeddings: 64
}

describe('parsePhiConfig', () => {
  test('has the defaults of transformers, which are Phi-1', () => {
    expect(parsePhiConfig({ model_type: 'phi' })).toEqual({
      vocabSize: 51200,
      hiddenSize: 2048,
      intermediateSize: 8192,
      layers: 24,
      heads: 32,
      keyValueHeads: 32,
      headDim: 64,
      rotaryDim: 32,
      maxPositionEmbeddings: 2048,
      layerNormEpsilon: 1e-5,
      activation: 'gelu_new',
      headNorms: false,
      tieWordEmbeddings: false
    })
  })

  test('reads the share of a head that turns from either place, the newer first', () => {
    const rotaryDim = (change: object) => parsePhiConfig({ ...small, ...change }).rotaryDim
    expect(rotaryDim({})).toBe(4)
    expect(rotaryDim({ partial_rotary_factor: 0.25 })).toBe(2)
    const parameters = { rope_type: 'default', partial_rotary_factor: 1 }
    expect(rotaryDim({ partial_rotary_factor: 0.25, rope_parameters: parameters })).toBe(8)
  })

  test.each([
    ['another model type', { model_type: 'phi3' }, 'model_type'],
    ['heads that do not divide the width', { num_attention_heads: 5 }, 'hidden_size 32'],
    ['key heads that do not divide the heads', { num_key_value_heads: 3 }, 'num_key_value_heads 3'],
    ['a share of more than the head', { partial_rotary_factor: 1.5 }, 'partial_rotary_factor'],
    ['an odd number of rotary dimensions', { partial_rotary_factor: 0.4 }, 'turns 3 of the 8'],
    ['an activation that nobody knows', { hidden_act: 'geglu' }, 'hidden_act'],
    ['a size that is not a whole number', { num_hidden_layers: 1.5 }, 'num_hidden_layers']
  ])('refuses %s', (_, change, named) => {
    expect(() => parsePhiConfig({ ...small, ...change })).toThrow(new RegExp(`ARCHITECTURE_CONFIG.*${named}`))
  })
})

test('names and shapes are those of a checkpoint of transformers', () => {
  const { parameters } = definePhi(parsePhiConfig({ ...small, num_key_value_heads: 2 }))
  expect(Object.fromEntries(parameters.map(({ name, shape }) => [name, shape]))).toEqual({
    'model.embed_tokens.weight': [64, 32],
    'model.layers.0.self_attn.q_proj.weight': [32, 32],
    'model.layers.0.self_attn.q_proj.bias': [32],
    'model.layers.0.self_attn.k_proj.weight': [16, 32],
    'model.layers.0.self_attn.k_proj.bias': [16],
    'model.layers.0.self_attn.v_proj.weight': [16, 32],
    'model.layers.0.self_attn.v_proj.bias': [16],
    'model.layers.0.self_attn.dense.weight': [32, 32],
    'model.layers.0.self_attn.dense.bias': [32],
    'model.layers.0.mlp.fc1.weight': [96, 32],
    'model.layers.0.mlp.fc1.bias': [96],
    'model.layers.0.mlp.fc2.weight': [32, 96],
    'model.layers.0.mlp.fc2.bias': [32],
    'model.layers.0.input_layernorm.weight': [32],
    'model.layers.0.input_layernorm.bias': [32],
    'model.final_layernorm.weight': [32],
    'model.final_layernorm.bias': [32],
    'lm_head.weight': [64, 32],
    'lm_head.bias': [64]
  })
})
