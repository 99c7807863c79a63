import { describe, expect, test } from 'vitest'
import { planBaichuan, type BaichuanShape } from './baichuan.js'
import { planBlocks, type BlocksConfig } from './blocks.js'
import { planGptneox, planPhi } from './others.js'
import { tensorReader, type Parameter, type RopeKeys } from './plan.js'
import { groupByRole, normalizeRows, pairNeighbours } from './rows.js'

const blocks: BlocksConfig = {
  vocabSize: 8,
  hiddenSize: 8,
  intermediateSize: 12,
  layers: 2,
  heads: 2,
  keyValueHeads: 1,
  headDim: 4,
  rotaryDim: 4,
  normEpsilon: 1e-5,
  activation: 'silu',
  tieWordEmbeddings: false,
  queryKeyValueBias: false,
  outputBias: false,
  mlpBias: false,
  form: { norm: 'rms', residual: 'pre-norm', queryKeyNorm: 'none' },
  multipliers: { embedding: 1, residual: 1, logitsDivisor: 1 },
  scoreScale: undefined,
  scoreSoftCap: undefined,
  logitSoftCap: undefined,
  slidingWindows: [undefined, undefined],
  hasPositions: [true, true]
}

const parameters: readonly Parameter[] = [
  { name: 'model.embed_tokens.weight', shape: [8, 8] },
  { name: 'model.layers.0.self_attn.q_proj.weight', shape: [8, 8] },
  { name: 'model.layers.0.self_attn.q_proj.bias', shape: [8] },
  { name: 'model.layers.0.post_attention_layernorm.weight', shape: [8] },
  { name: 'model.norm.weight', shape: [8] }
]

const ropeOf = (architecture: string): RopeKeys => ({ keys: { [`${architecture}.rope.freq_base`]: 10000 } })
const plan = (type: string, changed: Partial<BlocksConfig> = {}, architecture = type, context = 64) =>
  planBlocks(type, { ...blocks, ...changed }, parameters, ropeOf(architecture), context)

describe('a plan', () => {
  test('names tensors as llama.cpp does, and keeps what has one dimension in float32', () => {
    const { architecture, tensors, metadata } = plan('mistral', {}, 'llama')
    expect(architecture).toBe('llama')
    expect(tensors.map(({ name, keepsFloat32 }) => [name, keepsFloat32])).toEqual([
      ['token_embd.weight', false],
      ['blk.0.attn_q.weight', false],
      ['blk.0.attn_q.bias', true],
      ['blk.0.ffn_norm.weight', true],
      ['output_norm.weight', true]
    ])
    expect(metadata.get('llama.context_length')).toEqual({ type: 'uint32', value: 64 })
    expect(metadata.get('llama.rope.freq_base')).toEqual({ type: 'float32', value: 10000 })
  })

  test('puts rows in the order of the rotation where llama.cpp turns neighbours, and leaves them elsewhere', async () => {
    const bias = Float32Array.from({ length: 8 }, (_, i) => i)
    const read = async () => bias
    const biasOf = async (type: string, architecture = type) => {
      const own = plan(type, { queryKeyValueBias: true }, architecture).tensors
      return tensorReader(read)(own[2])
    }
    expect(Array.from(await biasOf('llama'))).toEqual([0, 2, 1, 3, 4, 6, 5, 7])
    expect(Array.from(await biasOf('qwen2'))).toEqual([0, 1, 2, 3, 4, 5, 6, 7])
  })

  test('has the tables of RoPE as tensors', () => {
    const rope = { ...ropeOf('llama'), tensors: { 'rope_freqs.weight': [1, 2] } }
    const table = planBlocks('llama', blocks, parameters, rope, 64).tensors.at(-1)
    expect(table).toMatchObject({ name: 'rope_freqs.weight', shape: [2], from: Float32Array.of(1, 2) })
  })

  test('writes tied embeddings twice only where llama.cpp reads an output layer of its own', () => {
    const output = (type: string) =>
      plan(type, { tieWordEmbeddings: true }).tensors.filter(({ name }) => name === 'output.weight').length
    expect(['llama', 'qwen2', 'olmo2', 'stablelm'].map(output)).toEqual([0, 0, 1, 1])
  })
})

describe('refused, as llama.cpp would compute something else', () => {
  const cases: [string, () => unknown, RegExp][] = [
    ['a type without a graph', () => plan('falcon'), /models of the type 'falcon' are not written yet: use convert_hf/],
    [
      'a window',
      () => plan('mistral', { slidingWindows: [32, 32] }, 'llama'),
      /one of 32 tokens, less than its context of 64/
    ],
    ['a window of some layers', () => plan('qwen2', { slidingWindows: [undefined, 32] }), /layer 1 of this model/],
    ['another activation', () => plan('llama', { activation: 'relu' }), /hidden_act is relu/],
    ['biases', () => plan('qwen3', { queryKeyValueBias: true }), /has no such biases of attention/],
    ['a bias of the output', () => plan('smollm3', { outputBias: true }), /has no such biases of attention/],
    ['biases of the feed-forward', () => plan('qwen2', { mlpBias: true }), /no biases of the feed-forward/],
    ['wide heads', () => plan('qwen2', { headDim: 8 }), /head_dim says otherwise/],
    ['an output layer', () => plan('gemma', { activation: 'gelu_new' }), /this model has its own/],
    ['layers without positions', () => plan('smollm3', { hasPositions: [false, true] }), /layer 0 of this model/],
    [
      'scales of scores',
      () =>
        plan('gemma2', {
          activation: 'gelu_new',
          tieWordEmbeddings: true,
          scoreScale: 0.1,
          scoreSoftCap: 50,
          logitSoftCap: 30,
          slidingWindows: [32, undefined]
        }),
      /scales scores of this Gemma 2 by 0.5/
    ],
    [
      'no soft caps',
      () => plan('gemma2', { activation: 'gelu_new', tieWordEmbeddings: true, slidingWindows: [32, undefined] }),
      /has soft caps/
    ],
    [
      'windows in the other layers',
      () => plan('gemma2', { activation: 'gelu_new', tieWordEmbeddings: true, slidingWindows: [undefined, 32] }),
      /the last of every 2, and layer 0 of this model is other/
    ],
    ['keys of another architecture', () => plan('llama', {}, 'qwen2'), /key qwen2.rope.freq_base has no place/]
  ]
  test.each(cases)('%s', (_, run, message) => expect(run).toThrow(message))

  test('an attention factor that reaches layers which are not scaled', () => {
    const gemma3 = { ...blocks, activation: 'gelu_new', slidingWindows: [32, 32] }
    const rope = (factor: number) => ({ keys: { 'gemma3.rope.scaling.attn_factor': factor } })
    expect(() => planBlocks('gemma3_text', gemma3, parameters, rope(0.9), 64)).toThrow(/layers of Gemma 3 that slide/)
    expect(planBlocks('gemma3_text', gemma3, parameters, rope(1), 64).architecture).toBe('gemma3')
  })

  test('a window as long as the context is none', () => {
    expect(plan('mistral', { slidingWindows: [64, 64] }, 'llama').architecture).toBe('llama')
  })

  const baichuan: BaichuanShape = {
    vocabSize: 8,
    hiddenSize: 8,
    intermediateSize: 12,
    layers: 2,
    heads: 2,
    headDim: 4,
    rmsNormEps: 1e-6,
    positionEmbedding: 'alibi',
    normalizedHead: true
  }
  test('Baichuan with ALiBi has 40 layers', () => {
    expect(() => planBaichuan(baichuan, [], undefined, 64)).toThrow(/ALiBi with 40 layers only, and this model has 2/)
    const { architecture, metadata } = planBaichuan({ ...baichuan, layers: 40 }, [], undefined, 64)
    expect(architecture).toBe('baichuan')
    expect(metadata.get('baichuan.attention.max_alibi_bias')).toEqual({ type: 'float32', value: 8 })
  })
  test('Baichuan with RoPE is a LLaMA, whatever its depth', () => {
    const rotates = { ...baichuan, positionEmbedding: 'rope' } as const
    const pack = { name: 'model.layers.0.self_attn.W_pack.weight', shape: [24, 8] }
    const { architecture, tensors } = planBaichuan(rotates, [pack], ropeOf('llama'), 64)
    expect([architecture, ...tensors.map(({ name }) => name)]).toEqual([
      'llama',
      'blk.0.attn_q.weight',
      'blk.0.attn_k.weight',
      'blk.0.attn_v.weight'
    ])
  })

  const layerNorm = { ...blocks, layerNormEpsilon: 1e-5, activation: 'gelu_new' }
  test('GPT-NeoX without biases, Phi with norms of heads, other activations', () => {
    const neox = { ...layerNorm, parallelResidual: true, attentionBias: true }
    const rope = ropeOf('gptneox')
    expect(() => planGptneox({ ...neox, attentionBias: false }, [], rope, 64)).toThrow(/has biases of attention/)
    expect(() => planGptneox({ ...neox, activation: 'relu' }, [], rope, 64)).toThrow(/hidden_act is relu/)
    expect(planGptneox({ ...neox, activation: 'gelu' }, [], rope, 64).notes).toHaveLength(1)
    expect(() => planPhi({ ...layerNorm, headNorms: true }, [], ropeOf('phi2'), 64)).toThrow(/no norms of queries/)
    expect(() => planPhi({ ...layerNorm, headNorms: false, activation: 'gelu' }, [], ropeOf('phi2'), 64)).toThrow(
      /hidden_act is gelu/
    )
  })
})

describe('rows', () => {
  test('pairs of a head become neighbours, in every head', () => {
    const rows = Float32Array.from({ length: 16 }, (_, i) => i)
    // heads of 4 rows with 2 columns: rows 0, 2, 1, 3
    expect(Array.from(pairNeighbours(rows, 2, 2))).toEqual([0, 1, 4, 5, 2, 3, 6, 7, 8, 9, 12, 13, 10, 11, 14, 15])
  })
  test('queries, keys and values of each head become those of all heads', () => {
    const rows = Float32Array.from({ length: 12 }, (_, i) => i)
    expect(Array.from(groupByRole(rows, 2))).toEqual([0, 1, 6, 7, 2, 3, 8, 9, 4, 5, 10, 11])
  })
  test('rows get the length 1, also one of zeros', () => {
    expect(Array.from(normalizeRows(Float32Array.of(3, 4, 0, 0), 2))).toEqual([
      Math.fround(0.6),
      Math.fround(0.8),
      0,
      0
    ])
  })
  test('a parameter that three tensors are cut from is read once', async () => {
    let reads = 0
    const read = async () => {
      reads++
      return Float32Array.of(1, 2, 3)
    }
    const make = tensorReader(read)
    for (const i of [0, 1, 2])
      await make({
        name: String(i),
        shape: [1],
        keepsFloat32: true,
        from: ['pack'],
        change: ([values]) => values.subarray(i, i + 1)
      })
    expect(reads).toBe(1)
  })
})
