import { describe, expect, test } from 'vitest'
import { parseBaichuanConfig } from './config.js'
import { defineBaichuan } from './model.js'

const small = {
  model_type: 'baichuan',
  vocab_size: 64,
  hidden_size: 32,
  intermediate_size: 80,
  num_hidden_layers: 1,
  num_attention_heads: 4
}
const parse = (change: object, hint?: string) => parseBaichuanConfig({ ...small, ...change }, hint)

describe('which of the four models it is', () => {
  test.each([
    ['Baichuan-7B', { hidden_size: 4096, vocab_size: 64000 }, undefined, 'rope', false],
    ['Baichuan2-7B', { hidden_size: 4096, vocab_size: 125696 }, undefined, 'rope', true],
    ['Baichuan-13B', { hidden_size: 5120, vocab_size: 64000 }, undefined, 'alibi', false],
    [
      'Baichuan2-13B with added tokens, whatever its folder is called',
      { hidden_size: 5120, vocab_size: 125760 },
      'baichuan-7b',
      'alibi',
      true
    ],
    ['a small one by its name', {}, 'Baichuan2-13B-tiny', 'alibi', true],
    ['a small one by another name', {}, 'baichuan-7b', 'rope', false],
    [
      'our own keys, whatever it is called',
      { position_embedding: 'alibi', normalized_head: false },
      'baichuan2-7b',
      'alibi',
      false
    ]
  ])('%s', (_, change, hint, positionEmbedding, normalizedHead) => {
    expect(parse(change, hint)).toMatchObject({ positionEmbedding, normalizedHead })
  })

  test('is never guessed, and is written into config.json', () => {
    expect(() => parse({})).toThrow(/ARCHITECTURE_CONFIG.*position_embedding is missing.*"rope" \(7B\)/)
    expect(() => parse({}, 'tiny-7b')).toThrow(/ARCHITECTURE_CONFIG.*normalized_head is missing/)
    const { configKeys } = defineBaichuan(parse({}, 'baichuan2-13b'))
    expect(parse({ ...configKeys })).toEqual(parse({}, 'baichuan2-13b'))
  })
})

describe('parseBaichuanConfig', () => {
  test('finds the window under either name, and 4,096 without', () => {
    const window = (change: object) => {
      const { maxPositionEmbeddings, windowKeys } = parse(change, 'baichuan-13b')
      return [maxPositionEmbeddings, ...windowKeys]
    }
    expect(window({ max_position_embeddings: 64, model_max_length: 64 })).toEqual([
      64,
      'max_position_embeddings',
      'model_max_length'
    ])
    expect(window({ model_max_length: 128 })).toEqual([128, 'model_max_length'])
    expect(window({})).toEqual([4096, 'model_max_length'])
  })

  test.each([
    ['another model type', { model_type: 'llama' }, 'model_type'],
    ['heads that do not divide the width', { num_attention_heads: 5 }, 'hidden_size 32'],
    ['tied embeddings, which no Baichuan has', { tie_word_embeddings: true }, 'tie_word_embeddings'],
    ['another activation', { hidden_act: 'gelu' }, 'hidden_act'],
    ['RoPE over odd heads', { hidden_size: 20 }, 'heads have 5 dimensions']
  ])('refuses %s', (_, change, named) => {
    expect(() => parse(change, 'baichuan-7b')).toThrow(new RegExp(`ARCHITECTURE_CONFIG.*${named}`))
  })
})

test("names and shapes are those of the authors' checkpoints", () => {
  const { parameters } = defineBaichuan(parse({}, 'baichuan2-7b'))
  expect(Object.fromEntries(parameters.map(({ name, shape }) => [name, shape]))).toEqual({
    'model.embed_tokens.weight': [64, 32],
    'model.layers.0.input_layernorm.weight': [32],
    'model.layers.0.self_attn.W_pack.weight': [96, 32],
    'model.layers.0.self_attn.o_proj.weight': [32, 32],
    'model.layers.0.post_attention_layernorm.weight': [32],
    'model.layers.0.mlp.gate_proj.weight': [80, 32],
    'model.layers.0.mlp.up_proj.weight': [80, 32],
    'model.layers.0.mlp.down_proj.weight': [32, 80],
    'model.norm.weight': [32],
    'lm_head.weight': [64, 32]
  })
})
