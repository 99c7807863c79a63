// Model folders as others write them: heads of their own, quantized weights, sizes that lie, ends in config.json.
import { writeCheckpoint, writeFileAtomic, writeJsonAtomic, writeModelConfig } from '@skipwise/checkpoints'
import type { Executor } from '@skipwise/runtime'
import { defineModel, loadLanguageModel, openModelFolder, parseRecipe, resolveRecipe } from '@skipwise/experiment'
import { readHuggingFaceRope } from '@skipwise/interpolation'
import { cpSync, mkdtempSync, rmSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { extendRecipe, trainRecipe, Workspace } from '../test/workspace.js'
import { endIds } from './commands/generate.js'
import { loadParts, openExecutor } from './parts.js'
import { defaultRegistry } from './registry.js'

const parts = { registry: defaultRegistry, readRope: readHuggingFaceRope }
const workspace = new Workspace()
const folders: string[] = []
let executor: Executor
beforeAll(async () => {
  executor = await openExecutor(defaultRegistry, 'onnx')
})
afterAll(async () => {
  await executor.dispose()
  workspace.remove()
  for (const folder of folders) rmSync(folder, { recursive: true })
})

const llamaConfig = {
  model_type: 'llama',
  vocab_size: 256,
  hidden_size: 16,
  intermediate_size: 32,
  num_hidden_layers: 2,
  num_attention_heads: 2,
  max_position_embeddings: 32,
  rope_theta: 10000,
  tie_word_embeddings: true
}
const gptjConfig = {
  model_type: 'gptj',
  vocab_size: 256,
  n_embd: 16,
  n_inner: 32,
  n_layer: 2,
  n_head: 2,
  n_positions: 32,
  rotary_dim: 4,
  tie_word_embeddings: true
}
const EMBEDDING = 'model.embed_tokens.weight'
const HEAD = 'lm_head.weight'

/** Numbers without a pattern that a model could hide. */
const numbers = (length: number, seed: number) =>
  Float32Array.from({ length }, (_, i) => Math.sin((i + 1) * (seed + 1.37) * 12.9898) / 2)

type Tensors = Map<string, { shape: readonly number[]; data: Float32Array }>

/** A folder with a tokenizer, a configuration and numbers for what it defines. */
async function modelFolder(
  config: Record<string, unknown>,
  change: (tensors: Tensors) => void = () => undefined
): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'skipwise-model-'))
  folders.push(folder)
  cpSync(workspace.path('tokenizer'), folder, { recursive: true })
  await writeModelConfig(folder, config)
  const { model } = defineModel(config, parts)
  const tensors: Tensors = new Map(
    model.parameters.map(({ name, shape }) => [
      name,
      {
        shape,
        data: numbers(
          shape.reduce((a, b) => a * b, 1),
          name.length
        )
      }
    ])
  )
  change(tensors)
  await writeCheckpoint(
    folder,
    [...tensors].map(([name, tensor]) => ({ name, ...tensor }))
  )
  return folder
}

const ids = Int32Array.from({ length: 20 }, (_, i) => (i * 37) % 256)
async function scores(folder: string): Promise<Float64Array> {
  const model = await loadLanguageModel(folder, parts, { executor })
  try {
    return await model.score(ids)
  } finally {
    model.dispose()
  }
}

describe.each([
  ['llama', llamaConfig, EMBEDDING],
  ['gptj', gptjConfig, 'transformer.wte.weight']
])('the output layer of a %s with tied embeddings', (_, config, embedding) => {
  const ownHead = (tensors: Tensors) => tensors.set(HEAD, { shape: [256, 16], data: numbers(256 * 16, 99) })

  test('is the one that is stored where it differs, as transformers 5 has it', async () => {
    const folder = await modelFolder(config, ownHead)
    const source = await openModelFolder(folder, parts)
    expect(source.config['tie_word_embeddings']).toBe(false)
    expect((await source.weights()).get(HEAD)).toEqual(numbers(256 * 16, 99))
    const untied = await modelFolder({ ...config, tie_word_embeddings: false }, ownHead)
    const tied = await modelFolder(config)
    expect(await scores(folder)).toEqual(await scores(untied))
    expect(await scores(folder)).not.toEqual(await scores(tied))
  })

  test('stays tied where what is stored is the embedding', async () => {
    const folder = await modelFolder(config, tensors => {
      const stored = tensors.get(embedding)
      if (stored) tensors.set(HEAD, stored)
    })
    const source = await openModelFolder(folder, parts)
    expect(source.config['tie_word_embeddings']).toBe(true)
    expect((await source.weights()).has(HEAD)).toBe(false)
    expect(await scores(folder)).toEqual(await scores(await modelFolder(config)))
  })

  test('is the embedding too where it alone is stored', async () => {
    const folder = await modelFolder(config, tensors => {
      const stored = tensors.get(embedding)
      if (stored) tensors.set(HEAD, stored)
      tensors.delete(embedding)
    })
    expect([...(await (await openModelFolder(folder, parts)).weights()).keys()]).toContain(embedding)
    expect(await scores(folder)).toEqual(await scores(await modelFolder(config)))
  })

  test('of another shape than the embedding is no head of this model', async () => {
    const folder = await modelFolder(config, tensors =>
      tensors.set(HEAD, { shape: [16, 256], data: numbers(256 * 16, 99) })
    )
    await expect(openModelFolder(folder, parts)).rejects.toThrow(/^MODEL_WEIGHT_SHAPE/)
  })
})

/** A safetensors file with a tensor of bytes: what is written in our own types cannot be quantized. */
async function setTensor(folder: string, name: string, dtype: string, elementBytes: number): Promise<void> {
  const file = join(folder, 'model.safetensors')
  const bytes = await readFile(file)
  const length = Number(bytes.readBigUInt64LE(0))
  const header = JSON.parse(bytes.subarray(8, 8 + length).toString()) as Record<
    string,
    { shape: number[]; data_offsets: [number, number] }
  >
  const data = bytes.subarray(8 + length)
  const changed: Record<string, object> = {}
  const pieces: Uint8Array[] = []
  let at = 0
  for (const [key, entry] of Object.entries({ ...header, [name]: header[name] })) {
    if (key === '__metadata__') continue
    const shape = entry?.shape ?? [4]
    const piece =
      key === name ? new Uint8Array(shape.reduce((a, b) => a * b, elementBytes)) : data.subarray(...entry.data_offsets)
    changed[key] = { dtype: key === name ? dtype : 'F32', shape, data_offsets: [at, at + piece.length] }
    pieces.push(piece)
    at += piece.length
  }
  const json = Buffer.from(JSON.stringify(changed))
  const prefix = Buffer.alloc(8)
  prefix.writeBigUInt64LE(BigInt(json.length))
  await writeFileAtomic(file, Buffer.concat([prefix, json, ...pieces]))
}

describe('quantized weights are refused before any work', () => {
  test.each(['quantization_config', 'compression_config', 'quantization'])('where config.json has %s', async key => {
    const folder = await modelFolder({ ...llamaConfig, [key]: { bits: 8 } })
    await expect(openModelFolder(folder, parts)).rejects.toThrow(new RegExp(`^MODEL_QUANTIZED.*${key}`))
    expect((await openModelFolder(await modelFolder({ ...llamaConfig, [key]: null }), parts)).dtype).toBe('float32')
  })

  test.each([
    ['I8', 1],
    ['U8', 1],
    ['F8_E4M3', 1],
    ['F8_E5M2', 1],
    ['I32', 4],
    ['I64', 8],
    ['BOOL', 1]
  ])('where a weight is %s', async (dtype, bytes) => {
    for (const name of ['model.layers.1.mlp.down_proj.weight', 'model.norm.weight']) {
      const folder = await modelFolder(llamaConfig)
      await setTensor(folder, name, dtype, bytes)
      await expect(openModelFolder(folder, parts)).rejects.toThrow(`'${name}' is ${dtype}: the weights are quantized`)
      await expect(loadLanguageModel(folder, parts, { executor })).rejects.toThrow(/^MODEL_QUANTIZED/)
    }
  })

  test.each([
    'mlp.down_proj.SCB',
    'mlp.down_proj.weight_scale',
    'mlp.down_proj.weight_scale_inv',
    'mlp.down_proj.weight.absmax',
    'mlp.down_proj.weight_zero_point',
    'mlp.down_proj.weight.quant_state.bitsandbytes__nf4',
    'mlp.down_proj.weight.quant_map',
    'mlp.down_proj.qweight',
    'mlp.down_proj.qzeros',
    'mlp.down_proj.scales',
    'mlp.down_proj.g_idx',
    'mlp.down_proj.weight_packed',
    'self_attn.k_scale',
    'mlp.down_proj.input_scale'
  ])('where a tensor is called %s', async name => {
    const folder = await modelFolder(llamaConfig)
    await setTensor(folder, `model.layers.0.${name}`, 'F32', 4)
    await expect(openModelFolder(folder, parts)).rejects.toThrow(`^MODEL_QUANTIZED`.slice(1))
  })

  test('but not where a tensor is one that transformers leaves out as well', async () => {
    const folder = await modelFolder(llamaConfig)
    await setTensor(folder, 'model.layers.0.self_attn.rotary_emb.inv_freq', 'F32', 4)
    expect((await openModelFolder(folder, parts)).dtype).toBe('float32')
  })
})

describe('numbers of config.json', () => {
  test.each([1e9, 1e6, 9_007_199_254_740_991])(
    'num_hidden_layers %d is held against the tensors, before anything is built',
    async layers => {
      const folder = await modelFolder(llamaConfig)
      await writeModelConfig(folder, { ...llamaConfig, num_hidden_layers: layers })
      await expect(openModelFolder(folder, parts)).rejects.toThrow(
        /^MODEL_WEIGHT_SHAPE.*num_hidden_layers \d+, and the weights have 20 tensors/
      )
    }
  )

  test.each([
    ['vocab_size', 1e9],
    ['hidden_size', 1 << 20],
    ['intermediate_size', 1e9],
    ['num_hidden_layers', 3],
    ['head_dim', 1e9],
    ['num_key_value_heads', 1]
  ])('%s %d is refused', async (key, value) => {
    const folder = await modelFolder(llamaConfig)
    await writeModelConfig(folder, { ...llamaConfig, [key]: value })
    await expect(openModelFolder(folder, parts)).rejects.toMatchObject({
      code: expect.stringMatching(
        /^(MODEL_WEIGHT_SHAPE|CHECKPOINT_TENSOR_MISSING|ARCHITECTURE_CONFIG|ROPE_CONFIG_INVALID)$/
      )
    })
  })
})

test.each([NaN, Infinity, -Infinity])('a weight of %d is said, in scoring and in training', async value => {
  const folder = await modelFolder(llamaConfig, tensors => {
    tensors.get('model.layers.1.mlp.up_proj.weight')?.data.set([value], 77)
  })
  const message = new RegExp(`^MODEL_WEIGHT_NOT_FINITE.*element 77 of 'model.layers.1.mlp.up_proj.weight' is ${value}`)
  await expect(loadLanguageModel(folder, parts, { executor })).rejects.toThrow(message)
  await expect((await openModelFolder(folder, parts)).weights()).rejects.toThrow(message)
})

test.each([
  ['num_hidden_layers: 2', 'num_hidden_layers: 1000000000', 'ARCHITECTURE_CONFIG'],
  [
    'hidden_size: 16, intermediate_size: 32, num_hidden_layers: 2',
    'hidden_size: 65536, intermediate_size: 65536, num_hidden_layers: 9000',
    'MODEL_TOO_LARGE'
  ],
  ['steps: 12', 'steps: 1000000000000000', 'TRAINING_OPTIONS'],
  ['batch: 4', 'batch: 1000000000', 'TRAINING_OPTIONS']
])('a recipe whose %s is %s is refused before any of it is made', async (given, claimed, code) => {
  const recipe = parseRecipe(trainRecipe.replace(given, claimed), 'train.yaml', parts.registry)
  await expect(resolveRecipe(recipe, { kind: 'train', baseFolder: workspace.folder, ...parts })).rejects.toMatchObject({
    code
  })
})

describe('a Phi-3 that is extended', () => {
  const phi3Config = { ...llamaConfig, model_type: 'phi3', original_max_position_embeddings: 32 }
  const resolveExtension = async (interpolation: string) => {
    const folder = await modelFolder(phi3Config)
    const text = extendRecipe.replace('model: base', `model: ${folder}\ninterpolation: ${interpolation}`)
    const recipe = parseRecipe(
      text.replace(/evaluate:[^]*/, `output: phi3-${interpolation}\n`),
      'extend.yaml',
      parts.registry
    )
    const own = await loadParts([])
    return resolveRecipe(recipe, { kind: 'extend', baseFolder: workspace.folder, ...own })
  }

  test('gets a table of frequencies: transformers reads its yarn as longrope', async () => {
    const { config } = await resolveExtension('yarn')
    expect(config).toMatchObject({
      max_position_embeddings: 128,
      original_max_position_embeddings: 32,
      rope_scaling: { type: 'longrope' },
      rope_parameters: { rope_type: 'longrope', factor: 4 }
    })
    expect(readHuggingFaceRope(config).name).toBe('longrope')
  })

  test('is refused a scheme that no table gives', async () => {
    await expect(resolveExtension('dynamic-ntk')).rejects.toMatchObject({ code: 'ROPE_INEXPRESSIBLE' })
  })
})

describe('ids that end a text', () => {
  const ends = async (config: object, generation?: object) => {
    const folder = await modelFolder({ ...llamaConfig, ...config })
    if (generation) await writeJsonAtomic(join(folder, 'generation_config.json'), generation)
    return endIds(folder, { eosId: 1 })
  }

  test('are those of config.json, one or several, where no other file names them', async () => {
    expect(await ends({ eos_token_id: [2, 12, 200] })).toEqual([1, 2, 12, 200])
    expect(await ends({ eos_token_id: 7 })).toEqual([1, 7])
    expect(await ends({ eos_token_id: [3] }, { temperature: 1 })).toEqual([1, 3])
    expect(await ends({ eos_token_id: null })).toEqual([1])
    expect(await ends({})).toEqual([1])
    expect(await ends({ eos_token_id: ['</s>'] })).toEqual([1])
  })

  test('are those of generation_config.json where it names them', async () => {
    expect(await ends({ eos_token_id: 7 }, { eos_token_id: [3, 4] })).toEqual([1, 3, 4])
  })
})
