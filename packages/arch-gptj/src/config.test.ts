import { describe, expect, test } from 'vitest'
import { parseGptjConfig } from './config.js'
import { defineGptj } from './model.js'

const small = { model_type: 'gptj', vocab_size: 64, n_embd: 32, n_layer: 1, n_head: 4, n_positions: 64, rotary_dim: 4 }

describe('parseGptjConfig', () => {
  test('has the defaults of transformers, which are GPT-J-6B', () => {
    expect(parseGptjConfig({ model_type: 'gptj' })).toEqual({
      vocabSize: 50400,
      hiddenSize: 4096,
      intermediateSize: 16384,
      layers: 28,
      heads: 16,
      headDim: 256,
      rotaryDim: 64,
      maxPositionEmbeddings: 2048,
      layerNormEpsilon: 1e-5,
      activation: 'gelu_new',
      tieWordEmbeddings: false
    })
  })

  test('turns whole heads where rotary_dim is null, and reads the names that other models have', () => {
    expect(parseGptjConfig({ ...small, rotary_dim: null }).rotaryDim).toBe(8)
    const { n_positions: _, n_embd: __, ...rest } = small
    expect(parseGptjConfig({ ...rest, max_position_embeddings: 128, hidden_size: 64 })).toMatchObject({
      maxPositionEmbeddings: 128,
      hiddenSize: 64,
      headDim: 16
    })
  })

  test.each([
    ['another model type', { model_type: 'llama' }, 'model_type'],
    ['heads that do not divide the width', { n_head: 5 }, 'n_embd 32'],
    ['more rotary dimensions than a head has', { rotary_dim: 10 }, 'rotary_dim 10'],
    ['an odd number of rotary dimensions', { rotary_dim: 3 }, 'rotary_dim 3'],
    ['an activation that nobody knows', { activation_function: 'geglu' }, 'activation_function'],
    ['a size of no whole number', { n_layer: 1.5 }, 'n_layer']
  ])('refuses %s', (_, change, named) => {
    expect(() => parseGptjConfig({ ...small, ...change })).toThrow(new RegExp(`ARCHITECTURE_CONFIG.*${named}`))
  })
})

test('names and shapes are those of a checkpoint of transformers', () => {
  const { parameters } = defineGptj(parseGptjConfig(small))
  expect(Object.fromEntries(parameters.map(({ name, shape }) => [name, shape]))).toEqual({
    'transformer.wte.weight': [64, 32],
    'transformer.h.0.ln_1.weight': [32],
    'transformer.h.0.ln_1.bias': [32],
    'transformer.h.0.attn.q_proj.weight': [32, 32],
    'transformer.h.0.attn.k_proj.weight': [32, 32],
    'transformer.h.0.attn.v_proj.weight': [32, 32],
    'transformer.h.0.attn.out_proj.weight': [32, 32],
    'transformer.h.0.mlp.fc_in.weight': [128, 32],
    'transformer.h.0.mlp.fc_in.bias': [128],
    'transformer.h.0.mlp.fc_out.weight': [32, 128],
    'transformer.h.0.mlp.fc_out.bias': [32],
    'transformer.ln_f.weight': [32],
    'transformer.ln_f.bias': [32],
    'lm_head.weight': [64, 32],
    'lm_head.bias': [64]
  })
})
