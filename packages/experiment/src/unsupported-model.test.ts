import { createRegistry } from '@skipwise/core'
import { describe, expect, test } from 'vitest'
import { findArchitecture } from './parts.js'
import { unsupported } from './unsupported-model.js'

const problemOf = (config: Record<string, unknown>) => unsupported(config)?.problem

describe('what is not supported is said', () => {
  test.each([
    ['mixtral', 'experts'],
    ['qwen2_moe', 'experts'],
    ['qwen3_moe', 'experts'],
    ['olmoe', 'experts'],
    ['phimoe', 'experts'],
    ['granitemoe', 'experts'],
    ['deepseek_v3', 'experts'],
    ['gpt_oss', 'experts'],
    ['mamba', 'state'],
    ['mamba2', 'state'],
    ['falcon_mamba', 'state'],
    ['jamba', 'state'],
    ['granitemoehybrid', 'state'],
    ['falcon_h1', 'state'],
    ['rwkv', 'state'],
    ['recurrent_gemma', 'state'],
    ['qwen2_vl', 'pictures'],
    ['llava', 'pictures'],
    ['gemma3', 'pictures'],
    ['mllama', 'pictures'],
    ['t5', 'encoder'],
    ['gemma4_text', 'RoPE of its own'],
    ['modernbert', 'RoPE of its own']
  ])('%s by its name: %s', (model_type, word) => expect(problemOf({ model_type })).toContain(word))

  test.each([
    [{ num_local_experts: 8 }, 'experts'],
    [{ n_routed_experts: 64, num_experts_per_tok: 6 }, 'experts'],
    [{ mamba_d_state: 128, num_local_experts: 8 }, 'state'],
    [{ vision_config: { hidden_size: 8 }, text_config: { num_local_experts: 8 } }, 'pictures'],
    [{ is_encoder_decoder: true }, 'encoder'],
    [{ rope_local_base_freq: 10000 }, 'RoPE of its own']
  ])('an unknown type by its keys: %j', (keys, word) =>
    expect(problemOf({ model_type: 'own', ...keys })).toContain(word)
  )

  test.each([
    {},
    { num_local_experts: 1, num_experts: 0 },
    { vision_config: null, mamba_d_state: null, is_encoder_decoder: false },
    { model_type: 'gpt2' },
    { model_type: 'removed' },
    { model_type: 7 }
  ])('%j is only unknown', config => expect(unsupported(config)).toBeUndefined())
})

test('the error for a model without an architecture has the reason and what to do', () => {
  const find = (config: Record<string, unknown>) => () => findArchitecture(createRegistry(), config)
  expect(find({ model_type: 'mixtral' })).toThrow(
    /MODEL_ARCHITECTURE.*'mixtral': it is a mixture of experts[^]*use a dense model of the same family/
  )
  expect(find({ model_type: 'unheard' })).toThrow(/MODEL_ARCHITECTURE.*no architecture reads the model_type 'unheard'/)
})
