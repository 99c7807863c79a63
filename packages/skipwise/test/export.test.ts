import { gptj } from '@skipwise/arch-gptj'
import { baichuan } from '@skipwise/arch-baichuan'
import { llama } from '@skipwise/arch-llama'
import { openGguf } from '@skipwise/gguf'
import type { ModelDefinition } from '@skipwise/nn'
import { randomWeights } from '@skipwise/testing'
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { exportModel, writeModel } from './llama-cpp.js'
import { skipwise } from './workspace.js'

const cwd = mkdtempSync(join(tmpdir(), 'skipwise-export-'))
afterAll(() => rmSync(cwd, { recursive: true, force: true }))
const tinyLlama = join(import.meta.dirname, '../../tiny-llama/model')
const run = (...args: string[]) => skipwise(args, { cwd })

const sizes = {
  vocab_size: 16,
  hidden_size: 32,
  intermediate_size: 64,
  num_hidden_layers: 2,
  num_attention_heads: 4,
  max_position_embeddings: 64
}

async function model(name: string, config: Readonly<Record<string, unknown>>, definition: ModelDefinition) {
  const folder = join(cwd, name)
  await writeModel(folder, config, definition, randomWeights(definition))
  return folder
}

describe('skipwise export --for gguf', () => {
  test('writes a file, says what to do with it, and never over another unless told', async () => {
    const args = ['export', tinyLlama, '--for', 'gguf', '--output', 'tiny.gguf', '--pre-tokenizer', 'smollm']
    const first = await run(...args)
    expect(first).toMatchObject({ code: 0 })
    expect(first.stdout).toMatch(/tiny\.gguf: llama, BF16, 38 tensors, 1\.9\d MB, 256 tokens of context$/m)
    expect(first.stdout).toMatch(/^→ llama-cli -m tiny\.gguf -c 256$/m)
    expect(first.stderr).toMatch(/^note: the pre-tokenizer smollm was chosen by hand/m)
    const again = await run(...args)
    expect(again).toMatchObject({ code: 2, stdout: '' })
    expect(again.stderr).toMatch(/^CLI_OUTPUT_EXISTS: /m)
    const json = await run(...args, '--overwrite', '--type', 'q8_0', '--json')
    expect(JSON.parse(json.stdout)).toMatchObject({
      for: 'gguf',
      architecture: 'llama',
      type: 'Q8_0',
      contextLength: 256,
      rope: { keys: { 'llama.rope.freq_base': 10000 } },
      inFloat16: []
    })
    expect((await run('doctor', 'tiny.gguf')).stdout).toMatch(/^nothing is wrong$/m)
    expect(readdirSync(cwd)).toEqual(['tiny.gguf'])
  })

  test('misuse', async () => {
    expect((await run('export', tinyLlama, '--for', 'gguf')).stderr).toMatch(/^CLI_USAGE: .*--output/m)
    expect((await run('export', tinyLlama, '--for', 'onyx', '--output', 'x')).stderr).toMatch(/^CLI_USAGE: /m)
    expect((await run('export', 'nowhere', '--for', 'gguf', '--output', 'x.gguf')).stderr).toMatch(
      /^MODEL_NOT_FOUND: /m
    )
    expect((await run('export', tinyLlama, '--for', 'gguf', '--output', '.')).stderr).toMatch(/is not a file/)
    expect((await run('doctor', 'nowhere.gguf')).stderr).toMatch(/^CHECKPOINT_NOT_FOUND: /m)
  })

  test('a damaged file is refused by doctor', async () => {
    writeFileSync(join(cwd, 'damaged.gguf'), readFileSync(join(cwd, 'tiny.gguf')).subarray(0, 100_000))
    expect((await run('doctor', 'damaged.gguf')).stderr).toMatch(/^GGUF_TRUNCATED: /m)
  })
})

test('read back by our reader: the tensors of the model', async () => {
  const config = { ...sizes, model_type: 'qwen2', num_key_value_heads: 2 }
  const definition = llama().define(config)
  const folder = await model('qwen2', config, definition)
  await exportModel(folder, join(cwd, 'qwen2.gguf'))
  const gguf = await openGguf(join(cwd, 'qwen2.gguf'))
  const weights = randomWeights(definition)
  const pairs = {
    'token_embd.weight': 'model.embed_tokens.weight',
    'output.weight': 'lm_head.weight',
    'blk.1.attn_k.weight': 'model.layers.1.self_attn.k_proj.weight',
    'blk.1.attn_k.bias': 'model.layers.1.self_attn.k_proj.bias',
    'blk.0.ffn_down.weight': 'model.layers.0.mlp.down_proj.weight'
  }
  for (const [name, parameter] of Object.entries(pairs)) expect(await gguf.read(name)).toEqual(weights.get(parameter))
  expect(gguf.tensors.size).toBe(definition.parameters.length)
  await gguf.close()
})

describe('what llama.cpp would read wrongly is refused, and nothing is written', () => {
  const refused = async (folder: string, message: RegExp) => {
    const output = join(cwd, 'refused.gguf')
    await expect(exportModel(folder, output)).rejects.toThrow(message)
    expect(readdirSync(cwd).filter(name => name.startsWith('refused') || name.endsWith('.tmp'))).toEqual([])
  }
  test('GPT-J', async () => {
    const config = {
      model_type: 'gptj',
      vocab_size: 16,
      n_embd: 32,
      n_layer: 2,
      n_head: 4,
      n_positions: 64,
      rotary_dim: 4
    }
    await refused(await model('gptj', config, gptj().define(config)), /GGUF_MODEL: .* no graph for GPT-J/)
  })
  test('Baichuan with ALiBi and two layers', async () => {
    const config = { ...sizes, model_type: 'baichuan', position_embedding: 'alibi', normalized_head: true }
    await refused(await model('baichuan', config, baichuan().define(config)), /GGUF_MODEL: .* 40 layers only/)
  })
  test('a sliding window', async () => {
    const config = { ...sizes, model_type: 'mistral', num_key_value_heads: 2, sliding_window: 32 }
    await refused(await model('window', config, llama().define(config)), /GGUF_MODEL: .* one of 32 tokens/)
  })
  test('an unknown pre-tokenizer, and one that is nearly known', async () => {
    await refused(tinyLlama, /GGUF_TOKENIZER: .* smollm, gives other ids for several white spaces before a digit/)
    const folder = join(cwd, 'unknown')
    cpSync(tinyLlama, folder, { recursive: true })
    const file = readFileSync(join(folder, 'tokenizer.json'), 'utf8')
    writeFileSync(join(folder, 'tokenizer.json'), file.replace('?\\\\p{L}+', '\\\\p{L}+'))
    await refused(folder, /GGUF_TOKENIZER: .* no name for this pre-tokenizer/)
  })
  test('a RoPE that it has no keys for', async () => {
    const rope_scaling = { rope_type: 'dynamic', factor: 2 }
    const config = { ...sizes, model_type: 'qwen2', num_key_value_heads: 2, rope_scaling }
    await refused(await model('dynamic', config, llama().define(config)), /ROPE_INEXPRESSIBLE/)
  })
  test('a tokenizer of more tokens than the model has', async () => {
    const config = { ...sizes, model_type: 'qwen2', num_key_value_heads: 2 }
    const folder = await model('tokens', config, llama().define(config))
    cpSync(join(tinyLlama, 'tokenizer.json'), join(folder, 'tokenizer.json'))
    await expect(exportModel(folder, join(cwd, 'refused.gguf'), { preTokenizer: 'smollm' })).rejects.toThrow(
      /GGUF_TOKENIZER: .* the embedding has 16 rows/
    )
  })
})
