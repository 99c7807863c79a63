import { float32, openGguf, text, uint32, writeGguf, type GgufTensor, type MetadataValue } from '@skipwise/gguf'
import { convertConfig, diagnoseRope } from '@skipwise/interpolation'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { defaultRegistry } from '../registry.js'
import { diagnoseGguf } from './doctor-gguf.js'

const folder = mkdtempSync(join(tmpdir(), 'skipwise-doctor-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const valueOf = (key: string, value: unknown): MetadataValue => {
  if (typeof value === 'string') return text(value)
  return /(context_length|dimension_count|count|window|layers)$/.test(key)
    ? uint32(Number(value))
    : float32(Number(value))
}

/** The diagnosis of a file with some keys and tables. */
async function diagnose(
  keys: Readonly<Record<string, unknown>>,
  tables: Readonly<Record<string, readonly number[]>> = {}
) {
  const file = join(folder, 'x.gguf')
  const tensors = Object.entries(tables).map(([name, values]): GgufTensor => ({
    name,
    shape: [values.length],
    type: 'F32',
    read: async () => Float32Array.from(values)
  }))
  const metadata = new Map(Object.entries(keys).map(([key, value]) => [key, valueOf(key, value)] as const))
  await writeGguf(file, metadata, tensors)
  const gguf = await openGguf(file)
  try {
    return await diagnoseGguf(gguf)
  } finally {
    await gguf.close()
  }
}

describe('the numbers of a file are those of the config.json that it was made from', () => {
  const long = { max_position_embeddings: 4096 }
  const original = { original_max_position_embeddings: 512 }
  const factors = Array.from({ length: 8 }, (_, i) => 1 + i / 2)
  const cases: [string, Readonly<Record<string, unknown>>][] = [
    ['none', { max_position_embeddings: 512 }],
    ['linear', { ...long, rope_scaling: { rope_type: 'linear', factor: 8 } }],
    ['yarn', { ...long, rope_scaling: { rope_type: 'yarn', factor: 8, ...original } }],
    [
      'yarn with its own A',
      { ...long, rope_scaling: { rope_type: 'yarn', factor: 8, attention_factor: 1.1, ...original } }
    ],
    [
      'llama3',
      {
        ...long,
        rope_scaling: { rope_type: 'llama3', factor: 8, low_freq_factor: 1, high_freq_factor: 4, ...original }
      }
    ],
    [
      'longrope',
      {
        ...long,
        rope_scaling: { rope_type: 'longrope', factor: 8, long_factor: factors, short_factor: factors, ...original }
      }
    ]
  ]
  test.each(cases)('%s', async (_, rope) => {
    const config = {
      model_type: 'llama',
      hidden_size: 64,
      num_attention_heads: 4,
      head_dim: 16,
      rope_theta: 10000,
      ...rope
    }
    const { keys, tensors } = convertConfig(config, { to: 'llama.cpp' }, reference =>
      defaultRegistry.resolveUnknown('interpolation', reference)
    )
    const { ropes, wrong, findings } = await diagnose({ 'general.architecture': 'llama', ...keys }, tensors)
    expect(findings).toEqual([])
    expect(wrong).toBe(false)
    const [expected] = diagnoseRope(config).ropes
    expect(ropes).toHaveLength(1)
    expect(ropes[0].attentionFactor).toBeCloseTo(expected.attentionFactor, 6)
    expect(ropes[0].window).toBe(expected.window)
    ropes[0].inverseFrequencies.forEach((frequency, i) =>
      expect(frequency / expected.inverseFrequencies[i]).toBeCloseTo(1, 6)
    )
  })
})

describe('what is wrong in a file', () => {
  const sound = {
    'general.architecture': 'llama',
    'llama.context_length': 4096,
    'llama.rope.dimension_count': 16,
    'llama.rope.freq_base': 10000
  }
  const yarn = {
    ...sound,
    'llama.rope.scaling.type': 'yarn',
    'llama.rope.scaling.factor': 8,
    'llama.rope.scaling.original_context_length': 512
  }
  const cases: [rule: string, keys: Readonly<Record<string, unknown>>, tables?: Readonly<Record<string, number[]>>][] =
    [
      ['gguf-architecture', { 'llama.context_length': 4096 }],
      ['gguf-yarn-attention', { ...yarn, 'llama.rope.scaling.attn_factor': 0.1 * Math.log(8) + 1 }],
      ['gguf-longrope-tables', { ...sound, 'llama.rope.scaling.type': 'longrope' }],
      [
        'gguf-table-ignored',
        { 'general.architecture': 'qwen2', 'qwen2.context_length': 64, 'qwen2.rope.dimension_count': 4 },
        { 'rope_freqs.weight': [1, 2] }
      ],
      ['gguf-context', { ...yarn, 'llama.context_length': 8192 }],
      ['gguf-sliding-window', { ...sound, 'llama.attention.sliding_window': 1024 }],
      ['gguf-pre-tokenizer', { ...sound, 'tokenizer.ggml.model': 'gpt2', 'tokenizer.ggml.pre': 'default' }],
      [
        'gguf-baichuan-layers',
        {
          'general.architecture': 'baichuan',
          'baichuan.block_count': 2,
          'baichuan.context_length': 64,
          'baichuan.rope.dimension_count': 8
        }
      ],
      ['gguf-gptj', { 'general.architecture': 'gptj', 'gptj.context_length': 64, 'gptj.rope.dimension_count': 8 }]
    ]
  test.each(cases)('%s', async (rule, keys, tables) => {
    expect((await diagnose(keys, tables)).findings.map(each => each.rule)).toEqual([rule])
  })

  test('a sound file has nothing, also one with ALiBi', async () => {
    expect(await diagnose(yarn)).toMatchObject({ findings: [], wrong: false })
    const alibi = {
      'general.architecture': 'baichuan',
      'baichuan.block_count': 40,
      'baichuan.context_length': 4096,
      'baichuan.attention.max_alibi_bias': 8
    }
    expect(await diagnose(alibi)).toEqual({ ropes: [], positions: 'ALiBi', window: 4096, findings: [], wrong: false })
  })
})
