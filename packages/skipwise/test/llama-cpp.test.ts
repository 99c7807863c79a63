// What is written for llama.cpp is read by llama.cpp itself. Install it by `node tools/llama-cpp/setup.mjs`.
import { gptneox } from '@skipwise/arch-gptneox'
import { llama } from '@skipwise/arch-llama'
import { phi } from '@skipwise/arch-phi'
import { openSafetensors } from '@skipwise/checkpoints'
import { openOnnxExecutor } from '@skipwise/executor-onnx'
import { loadLanguageModel, openModelFolder } from '@skipwise/experiment'
import { openGguf, textAt } from '@skipwise/gguf'
import { randomWeights, sharedFixture } from '@skipwise/testing'
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { loadParts } from '../src/parts.js'
import {
  compareProbabilities,
  exportModel,
  giveTokenizer,
  ourProbabilities,
  runLlamaCpp,
  withoutLlamaCpp,
  writeModel,
  yarnOfGgml,
  type LlamaCppRequest,
  type LlamaCppResult
} from './llama-cpp.js'

const work = mkdtempSync(join(tmpdir(), 'skipwise-llama-cpp-'))
afterAll(() => rmSync(work, { recursive: true, force: true }))

const packages = join(import.meta.dirname, '../..')
const fixtures = sharedFixture('models')
const describeWithLlamaCpp = describe.skipIf(withoutLlamaCpp !== undefined)

/** A model to export and to compare. */
interface Case {
  readonly name: string
  /** Makes the folder of the model. @returns the ids to compare */
  readonly make: (folder: string) => Promise<readonly number[]>
  /** Largest difference of probabilities. */
  readonly within: number
}

/** Sums of float32 in another order. */
const SUMS = 1e-6

/** llama.cpp looks gelu up in a table of float16 values, and has its tanh form for GPT-NeoX. */
const GELU = 1e-3

/** A model of ../shared/fixtures, with the ids that a reference library was given. */
const fixtureCase = (name: string): Case => ({
  name,
  within: SUMS,
  make: async folder => {
    cpSync(join(fixtures ?? '', name), folder, { recursive: true })
    const { vocab_size } = JSON.parse(readFileSync(join(folder, 'config.json'), 'utf8')) as { vocab_size: number }
    giveTokenizer(folder, vocab_size)
    const expected = await openSafetensors(join(folder, 'expected.safetensors'))
    const ids = await expected.readIntegers('input_ids')
    await expected.close()
    return Array.from(ids.slice(0, ids.length / 2))
  }
})

const architectures = { 'arch-llama': llama(), 'arch-phi': phi(), 'arch-gptneox': gptneox() }
type Config = Readonly<Record<string, unknown>>

interface Golden {
  readonly ids: readonly number[]
  readonly cases: Readonly<Record<string, { config: Config; base: number; weights: Record<string, string> }>>
}

/** Models of golden files, whose weights transformers drew. */
function goldenCases(
  name: keyof typeof architectures,
  file: string,
  titles: readonly string[],
  within: number
): Case[] {
  const path = join(packages, name, 'test/golden', file)
  const { ids, cases } = JSON.parse(readFileSync(path, 'utf8')) as Golden
  return titles.map(title => ({
    name: `${name}: ${title}`,
    within,
    make: async folder => {
      const { config, base, weights } = cases[title]
      const whole = { rope_theta: base, ...config }
      const floats = ([key, base64]: [string, string]) =>
        [key, new Float32Array(Uint8Array.from(Buffer.from(base64, 'base64')).buffer)] as const
      await writeModel(folder, whole, architectures[name].define(whole), new Map(Object.entries(weights).map(floats)))
      return ids
    }
  }))
}

const sizes = {
  vocab_size: 12,
  hidden_size: 32,
  intermediate_size: 48,
  num_hidden_layers: 2,
  num_attention_heads: 4,
  num_key_value_heads: 2,
  max_position_embeddings: 64
}
const yarn = { rope_type: 'yarn', factor: 4, original_max_position_embeddings: 16 }
const factors = [1, 1.5, 2.5, 4]
const longrope = {
  rope_type: 'longrope',
  factor: 4,
  original_max_position_embeddings: 16,
  long_factor: factors,
  short_factor: factors
}

/** A model of our own with random weights. */
const ownCase = (
  name: string,
  config: Config,
  within = SUMS,
  architecture: keyof typeof architectures = 'arch-llama'
): Case => ({
  name,
  within,
  make: async folder => {
    const whole = { ...sizes, ...config }
    const model = architectures[architecture].define(whole)
    // smaller than those of a narrow model, so that sums in another order stay near
    const weights = [...randomWeights(model)].map(([key, values]) => [key, values.map(x => x / 2)] as const)
    await writeModel(folder, whole, model, new Map(weights))
    return Array.from({ length: 48 }, (_, t) => (t * t + 3 * t) % 12)
  }
})

const gemma2 = { model_type: 'gemma2', head_dim: 8, query_pre_attn_scalar: 8 }

const cases: readonly Case[] = [
  ...(fixtures === undefined
    ? []
    : [
        'llama-default',
        'llama-gqa-linear',
        'llama-gqa-yarn',
        'llama-llama3',
        'llama-longrope',
        'llama-sharded-bf16',
        'llama-yarn-knobs',
        'mistral-default',
        'qwen2-yarn',
        'baichuan-7b',
        'baichuan2-7b-linear'
      ].map(fixtureCase)),
  ...goldenCases(
    'arch-llama',
    'families.json',
    [
      'OLMo 2',
      'Granite',
      'Granite with biases and the multipliers of the defaults',
      'StableLM',
      'StableLM 2 with biases',
      'StableLM 2 12B',
      'Phi-4-mini'
    ],
    SUMS
  ),
  ...goldenCases('arch-llama', 'gemma.json', ['Gemma'], GELU),
  ...goldenCases('arch-phi', 'families.json', ['half a head turned', 'tied embeddings'], GELU),
  ...goldenCases(
    'arch-gptneox',
    'gptneox.json',
    ['parallel residual, half a head turned', 'one residual after the other, whole heads turned'],
    GELU
  ),
  ownCase('LLaMA with all biases, tied', {
    model_type: 'llama',
    attention_bias: true,
    mlp_bias: true,
    tie_word_embeddings: true
  }),
  ownCase('LLaMA with wide heads and a table of factors', {
    model_type: 'llama',
    head_dim: 8,
    rope_scaling: longrope,
    rope_theta: 500
  }),
  ownCase('Qwen3 with yarn, wide heads, tied', {
    model_type: 'qwen3',
    head_dim: 16,
    rope_scaling: yarn,
    tie_word_embeddings: true
  }),
  ownCase('Qwen2 with a window that is as long as its context', {
    model_type: 'qwen2',
    use_sliding_window: true,
    sliding_window: 64,
    max_window_layers: 0
  }),
  ownCase('OLMo 2 with yarn, tied', { model_type: 'olmo2', tie_word_embeddings: true, rope_scaling: yarn }),
  ownCase('SmolLM3, eight layers with and without positions', {
    model_type: 'smollm3',
    num_hidden_layers: 8,
    tie_word_embeddings: false
  }),
  ownCase('StableLM, tied', { model_type: 'stablelm', tie_word_embeddings: true, partial_rotary_factor: 0.5 }),
  ownCase('Phi-3 with two lists of factors', { model_type: 'phi3', rope_scaling: longrope, sliding_window: null }),
  ownCase(
    'Gemma, interpolated',
    { model_type: 'gemma', head_dim: 8, rope_scaling: { rope_type: 'linear', factor: 4 } },
    GELU
  ),
  ownCase(
    'Gemma 2 with a window of 5 tokens',
    { ...gemma2, attn_logit_softcapping: 1.5, final_logit_softcapping: 2, sliding_window: 5, num_hidden_layers: 4 },
    GELU
  ),
  ownCase(
    'GPT-NeoX, tied',
    { model_type: 'gpt_neox', num_key_value_heads: undefined, rotary_pct: 0.5, tie_word_embeddings: true },
    GELU,
    'arch-gptneox'
  )
]

const openSource = async (model: string) => openModelFolder(model, await loadParts([process.cwd()]))

const folderOf = (name: string) => join(work, name.replace(/\W+/g, '-'))

describeWithLlamaCpp('llama.cpp computes what Skipwise computes', () => {
  const results = new Map<string, { readonly ids: readonly number[]; readonly result: LlamaCppResult | undefined }>()
  const executor = openOnnxExecutor({ threads: 1 })
  afterAll(async () => (await executor).dispose())

  beforeAll(async () => {
    const requests: LlamaCppRequest[] = []
    for (const { name, make } of cases) {
      mkdirSync(folderOf(name), { recursive: true })
      const ids = await make(folderOf(name))
      const file = `${folderOf(name)}.gguf`
      await exportModel(folderOf(name), file)
      requests.push({ file, context: 128, ids, all: true })
    }
    const found = runLlamaCpp(work, requests)
    requests.forEach(({ ids = [] }, i) => results.set(cases[i].name, { ids, result: found[i] }))
  })

  test.each(cases.map(({ name, within }) => [name, within] as const))('%s', async (name, within) => {
    const { ids, result } = results.get(name) ?? { ids: [], result: undefined }
    expect(result, 'llama.cpp ended before it came to this file').toBeDefined()
    expect(result?.error).toBeUndefined()
    const ours = await ourProbabilities(await executor, folderOf(name), ids)
    const { difference, same } = compareProbabilities(ours, result?.probabilities ?? [])
    expect(difference).toBeLessThan(within)
    expect(same).toBe(1)
  })

  test('tiny-llama, 16 times its window: all 4,096 positions, and greedy ids after them', async () => {
    const folder = folderOf('tiny-llama-16')
    cpSync(join(packages, 'tiny-llama/model'), folder, { recursive: true })
    const config = JSON.parse(readFileSync(join(folder, 'config.json'), 'utf8')) as Config
    const rope_scaling = { rope_type: 'yarn', factor: 16, original_max_position_embeddings: 256 }
    writeFileSync(
      join(folder, 'config.json'),
      JSON.stringify({ ...config, max_position_embeddings: 4096, rope_scaling })
    )
    const file = `${folder}.gguf`
    await exportModel(folder, file, { preTokenizer: 'smollm' })
    const model = await loadLanguageModel(folder, await loadParts([process.cwd()]), { executor: await executor })
    const text = readFileSync(join(packages, 'tiny-llama/data/held-out.jsonl'), 'utf8')
    const ids = Array.from(model.tokenizer.encode(text.slice(0, 40_000)).slice(0, 4096))
    expect(ids).toHaveLength(4096)
    const prompt = ids.slice(0, 4064)
    // llama.cpp takes some milliseconds for each distribution that it gives
    const at = prompt.map((_, t) => t).filter(t => t < 64 || t % 16 === 0 || (t >= 4000 && t < 4063))
    const [{ next, generated }] = runLlamaCpp(work, [{ file, context: 4096, ids: prompt, at, generate: 32 }])
    expect(next).toHaveLength(at.length)
    const differences = async (some: readonly number[], tables?: Parameters<typeof ourProbabilities>[3]) => {
      const ours = await ourProbabilities(await executor, folder, some, tables)
      return at.filter(t => t < some.length - 1).map((t, i) => Math.abs(next[i] - ours[t][some[t + 1]]))
    }
    const own = await differences(prompt)
    expect(Math.max(...own.slice(0, 64))).toBeLessThan(2e-6)
    expect(Math.max(...own)).toBeLessThan(2e-3)
    // llama.cpp rounds angles to float32 for every pair of dimensions, so that they are off by more the further a
    // position is: with such angles of ours next to nothing is left
    const near = prompt.slice(0, 1024)
    const left = Math.max(...(await differences(near, yarnOfGgml(10000, 32, 16, 256))))
    const before = Math.max(...own.slice(0, at.filter(t => t < near.length - 1).length))
    expect(left).toBeLessThan(before / 4)
    expect(left).toBeLessThan(1e-5)
    const ours: number[] = []
    for await (const id of model.generate(Int32Array.from(prompt), { maxNewTokens: 32 })) ours.push(id)
    expect(ours.length).toBeGreaterThan(8)
    expect(generated.slice(0, ours.length)).toEqual(ours)
    model.dispose()
  })
})

/** Texts in which pre-tokenizers and normalizers differ. */
const TEXTS = [
  "Hello, world! It's 12345 o'clock, I'LL say.",
  'a  5 b   67\n\n\n 8\t9',
  '  two  spaces  ',
  '\n\n\tcode();\r\nnext\r\n\r\n',
  'naïve café 東京タワー 🙂👩‍👩‍👧 ﬁ ½ ²',
  'price: $3.50/kg (≈ €3,20) #1 @home... !!! ???',
  "don't DON'T we'Ve they're",
  '١٢٣٤٥ ၁၂၃ Ⅷ'
]

describeWithLlamaCpp('llama.cpp gives the same token ids', () => {
  const folder = sharedFixture('tokenizers')
  const llama3 =
    "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}{1,3}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+"
  const split = (Regex: string) => [
    { type: 'Split', pattern: { Regex }, behavior: 'Isolated', invert: false },
    { type: 'ByteLevel', add_prefix_space: false, trim_offsets: true, use_regex: false }
  ]
  const bytes = { type: 'ByteLevel', add_prefix_space: false, trim_offsets: true, use_regex: true }
  type Change = (file: { pre_tokenizer: unknown; model: Record<string, unknown> }) => void
  const sequence =
    (pretokenizers: readonly unknown[], ignoresMerges = false): Change =>
    file => {
      file.pre_tokenizer = { type: 'Sequence', pretokenizers }
      file.model['ignore_merges'] = ignoresMerges
    }
  const kinds: [pre: string, from: string, change?: Change][] = [
    ['gpt-2', 'byte-level-gpt2'],
    ['smaug-bpe', 'byte-level-llama3'],
    ['llama-bpe', 'byte-level-llama3', sequence(split(llama3), true)],
    ['qwen2', 'byte-level-llama3', sequence(split(llama3.replace('{1,3}', '')))],
    ['smollm', 'byte-level-gpt2', sequence([{ type: 'Digits', individual_digits: true }, bytes])],
    ['default', 'llama-1-real']
  ]
  const golden = folder && (JSON.parse(readFileSync(join(folder, 'golden.json'), 'utf8')) as GoldenTexts)
  const real = folder && (JSON.parse(readFileSync(join(folder, 'llama-1-real/golden.json'), 'utf8')) as GoldenTexts)
  const texts = [...TEXTS, ...(golden ? Object.values(golden.sets).flatMap(set => set.map(each => each.text)) : [])]

  test.skipIf(folder === undefined).each(kinds)('%s (%s)', async (pre, from, change) => {
    const model = folderOf(`tokenizer-${pre}`)
    const source = join(folder ?? '', from)
    const isPiece = from === 'llama-1-real'
    const vocabSize = isPiece ? 32000 : 700
    const config = { ...sizes, vocab_size: vocabSize, model_type: 'llama', eos_token_id: 1 }
    const definition = architectures['arch-llama'].define(config)
    await writeModel(model, config, definition, randomWeights(definition))
    if (isPiece) {
      rmSync(join(model, 'tokenizer.json'))
      rmSync(join(model, 'tokenizer_config.json'))
      cpSync(join(source, 'tokenizer.model'), join(model, 'tokenizer.model'))
    } else {
      const file = JSON.parse(readFileSync(join(source, 'tokenizer.json'), 'utf8')) as Parameters<Change>[0]
      change?.(file)
      writeFileSync(join(model, 'tokenizer.json'), JSON.stringify(file))
      writeFileSync(join(model, 'tokenizer_config.json'), JSON.stringify({ eos_token: '<|end|>' }))
    }
    await exportModel(model, `${model}.gguf`)
    const gguf = await openGguf(`${model}.gguf`)
    expect(textAt(gguf.metadata, 'tokenizer.ggml.pre')).toBe(pre)
    await gguf.close()
    const given = isPiece && real ? [...TEXTS, ...real.cases.map(each => each.text)] : texts
    const whole = given.filter(
      text => !/[\ud800-\udfff](?![\udc00-\udfff])/.test(text.replace(/[\ud800-\udbff][\udc00-\udfff]/g, ''))
    )
    const [result] = runLlamaCpp(work, [{ file: `${model}.gguf`, context: 64, texts: whole }])
    expect(result?.error).toBeUndefined()
    const { tokenizer } = await openSource(model)
    const differing = whole.filter((text, i) => String(result.ids[i]) !== String(tokenizer.encode(text)))
    expect(whole.length).toBeGreaterThan(60)
    expect(differing).toEqual([])
    if (isPiece || pre === 'gpt-2') return
    // and not under another name
    await exportModel(model, `${model}.gguf`, { preTokenizer: 'gpt-2' })
    const [other] = runLlamaCpp(work, [{ file: `${model}.gguf`, context: 64, texts: whole }])
    expect(whole.some((text, i) => String(other.ids[i]) !== String(tokenizer.encode(text)))).toBe(true)
  })
})

interface GoldenTexts {
  readonly sets: Readonly<Record<string, readonly { readonly text: string }[]>>
  readonly cases: readonly { readonly text: string }[]
}
