import { describe, expect, test } from 'vitest'
import { diagnoseRope, type DoctorOptions } from '../index.js'

const llama = { model_type: 'llama', head_dim: 128, max_position_embeddings: 16384, rope_theta: 10000 }
const yarn = { type: 'yarn', rope_type: 'yarn', factor: 8, original_max_position_embeddings: 2048 }
const both = (rope: object) => ({ ...llama, rope_scaling: rope, rope_parameters: { ...rope, rope_theta: 10000 } })
const found = (config: object, options: DoctorOptions = {}) =>
  diagnoseRope(config as Record<string, unknown>, options).findings.map(({ rule, level }) => `${rule}: ${level}`)

test('a sound file: the effective numbers, and nothing wrong', () => {
  const {
    ropes: [rope],
    wrong
  } = diagnoseRope(both(yarn))
  expect(rope).toMatchObject({
    scheme: 'yarn',
    base: 10000,
    factor: 8,
    originalLength: 2048,
    targetLength: 16384,
    window: 16384,
    rotaryDim: 128,
    attentionFactor: 1.2079441541679836
  })
  expect(rope.inverseFrequencies[20]).toBeCloseTo(0.048361354, 9)
  expect(wrong).toBe(false)
})

test('the base that a table amounts to', () => {
  expect(
    diagnoseRope({ ...llama, rope_scaling: { type: 'vanilla_ntk', factor: 8 } }).ropes[0].effectiveBase
  ).toBeCloseTo(10000 * 8 ** (128 / 126), 6)
  expect(diagnoseRope(llama).ropes[0].effectiveBase).toBe(10000)
  expect(diagnoseRope(both(yarn)).ropes[0].effectiveBase).toBeUndefined()
})

describe('traps', () => {
  const cases: [string, string, object, DoctorOptions?][] = [
    ['original-missing: wrong', 'yarn without the original window', both({ type: 'yarn', factor: 8 })],
    ['original-twice: wrong', 'two original windows', { ...both(yarn), original_max_position_embeddings: 4096 }],
    ['factor-against-lengths: wrong', 'a factor against the lengths', both({ ...yarn, factor: 4 })],
    [
      'dynamic-extended-window: wrong',
      'dynamic with the extended window',
      both({ type: 'dynamic', factor: 8, original_max_position_embeddings: 2048 })
    ],
    [
      'dynamic-extended-window: wrong',
      'dynamic of a model that was trained at less',
      both({ type: 'dynamic', factor: 8 }),
      { trainedWindow: 2048 }
    ],
    [
      'dynamic-extended-window: note',
      'dynamic of a model of which nothing is known',
      both({ type: 'dynamic', factor: 8 })
    ],
    [
      'llama3-window: wrong',
      'llama3 that extends nothing',
      both({
        type: 'llama3',
        factor: 8,
        original_max_position_embeddings: 16384,
        low_freq_factor: 1,
        high_freq_factor: 4
      })
    ],
    ['window-not-extended: note', 'a window that says the original', { ...both(yarn), max_position_embeddings: 2048 }],
    ['theta-missing: wrong', 'no base', { head_dim: 128, max_position_embeddings: 4096 }],
    ['unreadable: wrong', 'two bases', { ...both(yarn), rope_theta: 500000 }],
    ['key-twice: wrong', 'a base that stands twice', llama, { text: '{"rope_theta": 10000.0, "rope_theta": 5e5}' }],
    [
      'integer-factor: wrong',
      'an integer factor',
      both(yarn),
      { text: '{"rope_scaling": {"factor": 8, "note": "\\"factor\\": 8.0"}}' }
    ],
    ['unknown-key: wrong', 'a misspelt key', both({ ...yarn, beta_fasst: 16 })],
    ['unread-key: note', 'a key of another stack', both({ ...yarn, attn_factor: 1 })],
    [
      'nested-truncate: wrong',
      'truncate inside a layer type',
      {
        head_dim: 128,
        max_position_embeddings: 16384,
        rope_parameters: { full_attention: { ...yarn, rope_theta: 10000, truncate: false } }
      }
    ],
    ['one-form: note', 'new keys alone', { ...llama, rope_parameters: { ...yarn, rope_theta: 10000 } }],
    [
      'architecture-ignores-rope: wrong',
      'GPT-J with scaling',
      {
        model_type: 'gptj',
        n_embd: 64,
        n_head: 4,
        rotary_dim: 4,
        n_positions: 2048,
        rope_scaling: { type: 'linear', factor: 8 }
      }
    ],
    ['type-of-another-stack: wrong', 'a type of the PoSE repository', both({ type: 'vanilla_ntk', factor: 8 })],
    ['vllm-static-dynamic: wrong', 'dynamic in vLLM', both({ type: 'dynamic', factor: 8 }), { stack: 'vllm' }],
    ['vllm-static-dynamic: note', 'dynamic in vLLM, when another stack is meant', both({ type: 'dynamic', factor: 8 })],
    ['vllm-window: note', 'linear in vLLM', both({ type: 'linear', factor: 8 }), { stack: 'vllm' }],
    [
      'vllm-attention-factor: wrong',
      'an attention factor of longrope in vLLM',
      both({
        type: 'longrope',
        factor: 8,
        original_max_position_embeddings: 2048,
        short_factor: new Array(64).fill(1),
        long_factor: new Array(64).fill(2),
        attention_factor: 1.5
      }),
      { stack: 'vllm' }
    ],
    [
      'llama-cpp-attention-factor: wrong',
      'an attention factor of yarn in llama.cpp',
      both({ ...yarn, attention_factor: 1.2 }),
      { stack: 'llama.cpp' }
    ],
    [
      'llama-cpp-llama3-window: wrong',
      'the original window of llama3 inside the rope object alone',
      both({
        type: 'llama3',
        factor: 8,
        original_max_position_embeddings: 2048,
        low_freq_factor: 1,
        high_freq_factor: 4
      }),
      { stack: 'llama.cpp' }
    ],
    [
      'llama-cpp-longrope-lists: wrong',
      'longrope of a LLaMA',
      both({
        type: 'longrope',
        factor: 8,
        original_max_position_embeddings: 2048,
        short_factor: new Array(64).fill(1),
        long_factor: new Array(64).fill(2)
      }),
      { stack: 'llama.cpp' }
    ],
    [
      'llama-cpp-inexpressible: wrong',
      'dynamic in llama.cpp',
      both({ type: 'dynamic', factor: 8 }),
      { stack: 'llama.cpp' }
    ],
    [
      'revised-yarn: wrong',
      'weights of the PoSE repository, by their name',
      both(yarn),
      { modelName: 'LLaMA2-7B-PoSE-YaRN-16k' }
    ],
    [
      'revised-yarn: wrong',
      'weights of the PoSE repository, as the user says',
      both(yarn),
      { trainedWith: 'yarn-revised' }
    ],
    ['revised-yarn: note', 'any yarn of LLaMA', both(yarn)],
    ['position-jumps: note', 'an extended model in transformers', both(yarn)],
    ['axolotl-use-pose: note', 'an extended model in axolotl', both(yarn), { stack: 'axolotl' }]
  ]
  test.each(cases)('%s: %s', (expected, _, config, options) => expect(found(config, options)).toContain(expected))

  test('weights that were trained with the yarn of the file are not suspected', () =>
    expect(found(both(yarn), { trainedWith: 'yarn', modelName: 'pose-yarn' })).not.toContain('revised-yarn: wrong'))
  test('a key that Skipwise writes for vLLM is no misspelling', () =>
    expect(found(both({ ...yarn, attn_factor: 1 })).some(text => text.startsWith('unknown-key'))).toBe(false))
  test('8.0 is a float, and a factor in a string is text', () =>
    expect(found(both(yarn), { text: '{"rope_scaling": {"factor": 8.0}, "a": "\\"factor\\": 8"}' })).not.toContain(
      'integer-factor: wrong'
    ))
  test('the fix of the attention factor is the number to write', () => {
    const { findings } = diagnoseRope(both({ ...yarn, attention_factor: 1 }), { stack: 'llama.cpp' })
    expect(findings.find(({ rule }) => rule === 'llama-cpp-attention-factor')?.fix).toContain(
      String(1 / 1.2079441541679836)
    )
  })
})
