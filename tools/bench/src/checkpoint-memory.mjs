// Peak memory of loading a checkpoint of 2 GB, against what it is loaded into: the float32 weights and one tensor more.
// Build first: npx nx run skipwise:build. Then: node tools/bench/src/checkpoint-memory.mjs [gigabytes]
// Makes a LLaMA in a temporary folder (sharded safetensors in float32 and bfloat16, pytorch_model.bin in float32),
// loads each in a process of its own, as tensors and as a language model on ONNX Runtime, and prints one JSON document.
// The baseline is a process that opens the checkpoint and the executor and reads no tensor.
import { llama } from '@skipwise/arch-llama'
import { openCheckpoint, writeCheckpoint, writeJsonAtomic, writeModelConfig } from '@skipwise/checkpoints'
import { createRegistry } from '@skipwise/core'
import { openOnnxExecutor } from '@skipwise/executor-onnx'
import { loadLanguageModel } from '@skipwise/experiment'
import { interpolationPlugins, readHuggingFaceRope } from '@skipwise/interpolation'
import { positionalEncodingPlugins } from '@skipwise/positional-encodings'
import { tokenizerJson } from '@skipwise/tokenizers'
import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { mkdtemp, readdir, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { writeTorchFile } from './torch-archive.mjs'

/** A LLaMA of d = 2048 whose weights take about `bytes`. */
function configOf(bytes, elementBytes) {
  const config = {
    model_type: 'llama',
    vocab_size: 32000,
    hidden_size: 2048,
    intermediate_size: 5632,
    num_attention_heads: 32,
    max_position_embeddings: 2048,
    rms_norm_eps: 1e-5,
    tie_word_embeddings: false
  }
  const sizeOf = layers =>
    parametersOf({ ...config, num_hidden_layers: layers }).reduce(
      (sum, { shape }) => sum + elements(shape) * elementBytes,
      0
    )
  const layer = sizeOf(2) - sizeOf(1)
  return { ...config, num_hidden_layers: Math.max(1, Math.ceil((bytes - sizeOf(1)) / layer) + 1) }
}

const elements = shape => shape.reduce((product, size) => product * size, 1)
const parametersOf = config => llama().define(config).parameters
const tensorsOf = config =>
  parametersOf(config).map(({ name, shape }) => ({
    name,
    shape,
    data: () => new Float32Array(elements(shape)).fill(0.01)
  }))

const formats = {
  'safetensors, float32': {
    elementBytes: 4,
    write: (folder, tensors) => writeCheckpoint(folder, tensors, { maxShardBytes: 5e8 })
  },
  'safetensors, bfloat16': {
    elementBytes: 2,
    write: (folder, tensors) => writeCheckpoint(folder, tensors, { dtype: 'bfloat16', maxShardBytes: 5e8 })
  },
  'pytorch_model.bin, float32': {
    elementBytes: 4,
    write: (folder, tensors) => writeTorchFile(join(folder, 'pytorch_model.bin'), tensors)
  }
}
const tokenizer = {
  model: { type: 'BPE', vocab: { a: 0 }, merges: [] },
  pre_tokenizer: { type: 'ByteLevel', add_prefix_space: false },
  decoder: { type: 'ByteLevel' }
}

/** Most memory of this process so far. Not getrusage's maxRSS, which begins with that of the parent. */
const peakBytes = () => 1024 * Number(/^VmHWM:\s+(\d+) kB$/m.exec(readFileSync('/proc/self/status', 'utf8'))[1])

/**
 * In a process of its own: `tensors` loads and keeps them, `model` makes a language model, `nothing` only opens both.
 */
async function load(folder, what) {
  const executor = await openOnnxExecutor()
  const checkpoint = await openCheckpoint(folder)
  const weights = new Map()
  const started = performance.now()
  if (what === 'tensors') for (const name of checkpoint.names) weights.set(name, await checkpoint.read(name))
  const registry = createRegistry().register(
    ...interpolationPlugins,
    ...positionalEncodingPlugins,
    llama,
    tokenizerJson
  )
  const model =
    what === 'model'
      ? await loadLanguageModel(folder, { registry, readRope: readHuggingFaceRope }, { executor })
      : undefined
  const seconds = (performance.now() - started) / 1000
  const bytes = checkpoint.names.map(name => 4 * elements(checkpoint.info(name).shape))
  await checkpoint.close()
  console.log(
    JSON.stringify({
      peak: peakBytes(),
      seconds,
      target: bytes.reduce((a, b) => a + b, 0),
      largest: Math.max(...bytes),
      kept: weights.size,
      name: model?.name
    })
  )
}

async function measure(format, bytes) {
  const folder = await mkdtemp(join(tmpdir(), 'skipwise-checkpoint-'))
  const { elementBytes, write } = formats[format]
  const config = configOf(bytes, elementBytes)
  try {
    await write(folder, tensorsOf(config))
    await writeModelConfig(folder, config)
    await writeJsonAtomic(join(folder, 'tokenizer.json'), tokenizer)
    let fileBytes = 0
    for (const name of await readdir(folder)) fileBytes += (await stat(join(folder, name))).size
    const child = what =>
      JSON.parse(execFileSync(process.execPath, [import.meta.filename, '--load', folder, what], { encoding: 'utf8' }))
    const baseline = child('nothing')
    const MB = value => Math.round(value / 1e6)
    return ['tensors', 'model'].map(what => {
      const { peak, seconds, target, largest } = child(what)
      const above = peak - baseline.peak
      return {
        format,
        loadedAs: what,
        fileMB: MB(fileBytes),
        targetMB: MB(target),
        largestTensorMB: MB(largest),
        nodeBaselineMB: MB(baseline.peak),
        peakMB: MB(peak),
        aboveBaselineMB: MB(above),
        allowedMB: MB(target + largest),
        within: above <= target + largest,
        seconds: Number(seconds.toFixed(2))
      }
    })
  } finally {
    await rm(folder, { recursive: true })
  }
}

if (process.argv[2] === '--load') await load(process.argv[3], process.argv[4])
else {
  const bytes = Number(process.argv[2] ?? 2) * 1e9
  const results = []
  for (const format of Object.keys(formats)) results.push(...(await measure(format, bytes)))
  console.log(JSON.stringify({ node: process.version, results }, null, 2))
  if (!results.every(({ within }) => within)) process.exitCode = 1
}
