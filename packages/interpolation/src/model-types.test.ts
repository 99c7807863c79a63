import { describe, expect, test } from 'vitest'
import { diagnoseRope, readHuggingFaceRope, readHuggingFaceRopes } from './index.js'

type Config = Readonly<Record<string, unknown>>
const sizes = { hidden_size: 1536, num_attention_heads: 12, max_position_embeddings: 4096 }
const rotary = (config: Config) => readHuggingFaceRope({ ...sizes, ...config }).geometry.rotaryDim
const found = (config: Config) => diagnoseRope(config).findings.map(({ rule, level }) => `${rule}: ${level}`)

describe('the part of a head that turns', () => {
  const cases: [string, Config, number][] = [
    ['GPT-NeoX by rotary_pct', { model_type: 'gpt_neox', rotary_pct: 0.5 }, 64],
    ['GPT-NeoX without it', { model_type: 'gpt_neox' }, 32],
    ['the first StableLM by rope_pct', { model_type: 'stablelm_epoch', rope_pct: 0.5 }, 64],
    ['GLM by its default', { model_type: 'glm4' }, 64],
    ['Persimmon by its default', { model_type: 'persimmon' }, 64],
    [
      'Nemotron, whose file says another share',
      { model_type: 'nemotron', partial_rotary_factor: 0.25, head_dim: 128 },
      32
    ],
    ['latent attention by its own key', { model_type: 'deepseek_v3', qk_rope_head_dim: 32, head_dim: 96 }, 32],
    ['latent attention of a type that nobody knows', { model_type: 'new_latent', qk_rope_head_dim: 48 }, 48],
    ['ChatGLM: half of kv_channels', { model_type: 'chatglm', kv_channels: 64, seq_length: 8192 }, 32],
    ['GPT-J without rotary_dim', { model_type: 'gptj', n_embd: 4096, n_head: 16, n_positions: 2048 }, 64],
    [
      'GPT-J with null: all of it',
      {
        model_type: 'gptj',
        n_embd: 1024,
        n_head: 16,
        n_positions: 2048,
        rotary_dim: null,
        hidden_size: null,
        num_attention_heads: null
      },
      64
    ],
    ['a LLaMA, which does not read rotary_dim', { model_type: 'llama', rotary_dim: 32 }, 128]
  ]
  test.each(cases)('%s', (_, config, expected) => expect(rotary(config)).toBe(expected))
  test('two names that say two things contradict', () => {
    expect(() => rotary({ model_type: 'gpt_neox', rotary_pct: 0.25, partial_rotary_factor: 0.5 })).toThrow(
      'ROPE_CONFIG_CONTRADICTORY'
    )
  })
})

describe('the base where the file has none', () => {
  const cases: [string, Config, number, 'wrong' | 'note'][] = [
    ['LLaMA', { model_type: 'llama' }, 10000, 'note'],
    ['Qwen3', { model_type: 'qwen3' }, 10000, 'note'],
    ['Mixtral', { model_type: 'mixtral' }, 1e6, 'wrong'],
    ['Command R', { model_type: 'cohere' }, 5e5, 'wrong'],
    ['SmolLM3', { model_type: 'smollm3' }, 2e6, 'wrong'],
    ['a type that is not known', { model_type: 'unheard_of' }, 10000, 'wrong'],
    ['no type at all', {}, 10000, 'wrong']
  ]
  test.each(cases)('%s', (_, config, base, level) => {
    expect(readHuggingFaceRope({ ...sizes, ...config }).geometry.base).toBe(base)
    const finding = diagnoseRope({ ...sizes, ...config }).findings.find(({ rule }) => rule === 'theta-missing')
    expect(finding).toMatchObject({ level, fix: expect.stringContaining(base.toFixed(1)) })
  })
  test("GPT-NeoX's own name for it", () => {
    expect(readHuggingFaceRope({ ...sizes, model_type: 'gpt_neox', rotary_emb_base: 20000 }).geometry.base).toBe(20000)
    expect(
      found({ ...sizes, model_type: 'gpt_neox', rotary_emb_base: 20000 }).some(text => text.startsWith('theta-missing'))
    ).toBe(false)
  })
  test('of Gemma 3, each layer type has its own, in every stack', () => {
    const bases = readHuggingFaceRopes({ model_type: 'gemma3_text' }).map(({ layerType, reading }) => [
      layerType,
      reading?.geometry.base
    ])
    expect(bases).toEqual([
      ['full_attention', 1e6],
      ['sliding_attention', 10000]
    ])
    expect(found({ model_type: 'gemma3_text' }).filter(text => text.startsWith('theta-missing'))).toEqual([
      'theta-missing: note',
      'theta-missing: note'
    ])
  })
})

describe('models without RoPE', () => {
  const cases: [string, Config, string][] = [
    [
      'Baichuan-13B, by its width',
      { model_type: 'baichuan', hidden_size: 5120, num_attention_heads: 40, model_max_length: 4096 },
      'ALiBi'
    ],
    [
      'a small Baichuan that says it',
      { model_type: 'baichuan', hidden_size: 64, num_attention_heads: 4, position_embedding: 'alibi' },
      'ALiBi'
    ],
    ['Falcon-RW', { model_type: 'falcon', alibi: true, hidden_size: 2048, num_attention_heads: 32 }, 'ALiBi'],
    ['MPT', { model_type: 'mpt', d_model: 4096, n_heads: 32, max_seq_len: 2048 }, 'ALiBi'],
    ['BLOOM', { model_type: 'bloom', hidden_size: 1024 }, 'ALiBi'],
    ['GPT-2', { model_type: 'gpt2', n_embd: 768, n_head: 12, n_positions: 1024 }, 'learned positions'],
    ['OPT', { model_type: 'opt', hidden_size: 768, max_position_embeddings: 2048 }, 'learned positions'],
    ['Granite 4 without positions', { model_type: 'granitemoehybrid', position_embedding_type: 'nope' }, 'no positions']
  ]
  test.each(cases)('%s', (_, config, positions) => {
    expect(diagnoseRope(config)).toMatchObject({ ropes: [], positions, wrong: false })
    expect(readHuggingFaceRopes(config)).toEqual([{ layerType: undefined, reading: undefined }])
    expect(() => readHuggingFaceRope(config)).toThrow('ROPE_NONE')
  })
  test('the window is said where the file has one', () =>
    expect(diagnoseRope({ model_type: 'mpt', max_seq_len: 65536 }).window).toBe(65536))
  test('keys of a RoPE are wrong there', () =>
    expect(found({ model_type: 'gpt2', rope_scaling: { type: 'linear', factor: 2 } })).toContain(
      'architecture-ignores-rope: wrong'
    ))
  test('Baichuan-7B has one', () =>
    expect(rotary({ model_type: 'baichuan', hidden_size: 4096, num_attention_heads: 32 })).toBe(128))
  test('whoever knows the architecture is not told', () => {
    const known = { rotaryDim: 2, window: 64 }
    expect(readHuggingFaceRope({ model_type: 'baichuan', hidden_size: 5120 }, known).geometry).toEqual({
      base: 10000,
      rotaryDim: 2,
      originalLength: 64,
      targetLength: 64
    })
    // and a share of the head is not taken of R again
    expect(
      readHuggingFaceRope({ ...sizes, model_type: 'phi', partial_rotary_factor: 0.5 }, { rotaryDim: 64, window: 4096 })
        .geometry.rotaryDim
    ).toBe(64)
  })
})

describe('models of several parts', () => {
  test('the keys of text_config count, with its own type or that of the model', () => {
    const text = { hidden_size: 1024, num_attention_heads: 8, max_position_embeddings: 8192, rope_theta: 5e5 }
    for (const model_type of [{ model_type: 'qwen2' }, {}]) {
      expect(
        readHuggingFaceRope({ model_type: 'llava_onevision', rope_theta: 7, text_config: { ...text, ...model_type } })
          .geometry
      ).toMatchObject({ base: 5e5, rotaryDim: 128, originalLength: 8192 })
    }
  })
  test('a spelling inside it is found', () => {
    const config = {
      model_type: 'llava',
      text_config: { ...sizes, model_type: 'llama', rope_theta: 1e4, rope_scaling: { type: 'linear', factor: 2 } }
    }
    expect(diagnoseRope(config, { text: JSON.stringify(config) }).findings.map(({ rule }) => rule)).toContain(
      'integer-factor'
    )
  })
  test('mrope is the default RoPE, whatever stands beside it', () => {
    for (const type of [{ type: 'mrope' }, { type: 'mrope', rope_type: 'default' }, { rope_type: 'mrope' }]) {
      expect(
        readHuggingFaceRope({
          ...sizes,
          model_type: 'qwen2_vl',
          rope_scaling: { ...type, mrope_section: [16, 24, 24] }
        })
      ).toMatchObject({ name: 'none', geometry: { base: 1e6 } })
    }
  })
  test('mrope in a model that has none is no type of transformers', () => {
    expect(
      found({
        ...sizes,
        model_type: 'llama',
        rope_theta: 1e4,
        rope_scaling: { type: 'mrope', mrope_section: [16, 24, 24] }
      })
    ).toContain('type-of-another-stack: wrong')
  })
})

describe('two RoPEs by layer type', () => {
  const scaling = { rope_type: 'yarn', factor: 4, original_max_position_embeddings: 4096 }
  const olmo = { ...sizes, model_type: 'olmo3', max_position_embeddings: 16384, rope_theta: 250000 }
  test('old keys of OLMo 3 are for full attention alone, its base too', () => {
    const read = readHuggingFaceRopes({ ...olmo, rope_scaling: scaling }).map(({ layerType, reading }) => [
      layerType,
      reading?.name,
      reading?.geometry.base
    ])
    expect(read).toEqual([
      ['full_attention', 'yarn', 250000],
      ['sliding_attention', 'none', 500000]
    ])
  })
  test('rope_parameters without layer types is lost', () => {
    const config = { ...olmo, rope_parameters: scaling }
    expect(readHuggingFaceRopes(config).map(({ reading }) => reading?.name)).toEqual(['none', 'none'])
    expect(found(config)).toContain('layer-types-missing: wrong')
  })
  test('a layer type that the file leaves out has the default of the model', () => {
    const config = {
      ...olmo,
      rope_theta: undefined,
      rope_parameters: { full_attention: { ...scaling, rope_theta: 1e6 } }
    }
    expect(readHuggingFaceRopes(config).map(({ layerType, reading }) => [layerType, reading?.geometry.base])).toEqual([
      ['full_attention', 1e6],
      ['sliding_attention', 5e5]
    ])
  })
  test('type without rope_type is not seen', () => {
    const { rope_type: type, ...rest } = scaling
    expect(found({ ...olmo, rope_scaling: { type, ...rest } })).toContain('layer-rope-type: wrong')
    expect(found({ ...olmo, rope_scaling: scaling })).not.toContain('layer-rope-type: wrong')
  })
})

describe('Phi-3', () => {
  const lists = { short_factor: new Array(24).fill(1), long_factor: new Array(24).fill(2) }
  const phi3 = {
    model_type: 'phi3',
    hidden_size: 576,
    num_attention_heads: 12,
    max_position_embeddings: 65536,
    rope_theta: 10000
  }
  test('yarn is longrope under another name, in transformers', () => {
    const config = { ...phi3, original_max_position_embeddings: 2048, rope_scaling: { type: 'yarn', ...lists } }
    expect(readHuggingFaceRope(config)).toMatchObject({
      name: 'longrope',
      geometry: { originalLength: 2048, targetLength: 65536 }
    })
    expect(diagnoseRope(config, { stack: 'transformers' }).wrong).toBe(false)
    expect(diagnoseRope(config, { stack: 'llama.cpp' }).findings.map(({ rule }) => rule)).toContain('phi3-yarn')
  })
  test('su with the original window at the top alone does not load', () => {
    const su = { type: 'su', ...lists }
    expect(found({ ...phi3, original_max_position_embeddings: 4096, rope_scaling: su })).toContain('su-original: wrong')
    expect(diagnoseRope({ ...phi3, rope_scaling: { ...su, original_max_position_embeddings: 4096 } }).wrong).toBe(false)
  })
  test('the default of the type wins over what stands inside', () => {
    const config = { ...phi3, rope_scaling: { type: 'longrope', original_max_position_embeddings: 8192, ...lists } }
    expect(readHuggingFaceRope(config).geometry.originalLength).toBe(4096)
    expect(found(config)).toContain('phi3-original: wrong')
  })
  test('other types do not load', () =>
    expect(found({ ...phi3, rope_scaling: { type: 'linear', factor: 2 } })).toContain('phi3-type: wrong'))
})

describe('the window of linear', () => {
  const linear = { ...sizes, model_type: 'llama', rope_theta: 10000, rope_scaling: { type: 'linear', factor: 4 } }
  const cases: [string, Config, number, boolean][] = [
    ['nothing tells', {}, 1024, true],
    ['a longer length stands beside it', { max_sequence_length: 16384 }, 4096, false],
    ['or the one of a tokenizer', { model_max_length: 16384 }, 4096, false],
    ['a length that means nothing', { max_sequence_length: 2048 }, 1024, true],
    ['the original window stands at the top', { original_max_position_embeddings: 1024 }, 1024, false],
    ['and is the window', { original_max_position_embeddings: 4096 }, 4096, false]
  ]
  test.each(cases)('%s', (_, keys, originalLength, unclear) => {
    const reading = readHuggingFaceRope({ ...linear, ...keys })
    expect(reading.geometry).toMatchObject({ originalLength, targetLength: 4 * originalLength })
    expect(reading.windowUnclear === true).toBe(unclear)
    expect(found({ ...linear, ...keys }).includes('window-unclear: note')).toBe(unclear)
  })
})

describe('head_dim that transformers needs', () => {
  const mixtral = {
    ...sizes,
    model_type: 'mixtral',
    rope_theta: 1e6,
    max_position_embeddings: 16384,
    original_max_position_embeddings: 4096
  }
  test.each(['yarn', 'dynamic'])('%s', rope_type => {
    const config = { ...mixtral, rope_scaling: { rope_type, factor: 4.5 } }
    expect(diagnoseRope(config).findings).toContainEqual(
      expect.objectContaining({
        rule: 'head-dim-missing',
        level: 'wrong',
        fix: expect.stringContaining('"head_dim": 128')
      })
    )
    expect(found({ ...config, head_dim: 128 })).not.toContain('head-dim-missing: wrong')
  })
  test('linear computes it itself', () =>
    expect(found({ ...mixtral, rope_scaling: { type: 'linear', factor: 4.5 } })).not.toContain(
      'head-dim-missing: wrong'
    ))
})

test('what a file says stands in messages without control characters', () => {
  const said = [
    { rope_scaling: { type: '\u009b31m' } },
    { rope_scaling: { type: 'linear', factor: '\u001b]0;\u0007' } },
    { model_type: 'llama\u2028' }
  ].flatMap(keys =>
    diagnoseRope({ ...sizes, rope_theta: 1e4, ...keys }).findings.map(({ problem, why, fix }) => problem + why + fix)
  )
  expect(said.join('')).toContain('\\u009b31m')
  for (const text of said) expect(text).not.toMatch(/[\u0000-\u001f\u007f-\u009f\u2028\u2029]/)
})
