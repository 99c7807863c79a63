// What the @example blocks of doc comments take as given: the real parts, and the model that ships. The files that they
// read are those of `prepareFiles`.
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { writeSafetensors } from '@skipwise/checkpoints'
import type { EvalResult, RopeGeometry } from '@skipwise/core'
import { passkey } from '@skipwise/eval-retrieval'
import { openLanguageModel, openModelFolder } from '@skipwise/experiment'
import { openOnnxExecutor } from '@skipwise/executor-onnx'
import { linear, longrope, readHuggingFaceRope, yarn } from '@skipwise/interpolation'
import { tinyLlama } from '@skipwise/tiny-llama'
import { defaultRegistry as registry } from 'skipwise'

export { llama } from '@skipwise/arch-llama'
export { benchmarks } from '@skipwise/eval-benchmarks'
export { perplexity } from '@skipwise/eval-perplexity'
export { ruler } from '@skipwise/eval-retrieval'
export { openOnnxExecutor } from '@skipwise/executor-onnx'
export { pose } from '@skipwise/position-transforms'
export { rotaryHalf } from '@skipwise/positional-encodings'
export { loadTokenizerJson, tokenizerJson } from '@skipwise/tokenizers'
export { z } from 'zod'
export { evaluate, extend, openModel } from 'skipwise'
export { linear, longrope, passkey, registry, tinyLlama, yarn }

/** Linear interpolation: the two functions that a plugin of this kind is made of. */
export const { frequencies, toHuggingFace } = linear()

/** tiny-llama at four times its window, from the frequencies of a scheme. */
export const geometry: RopeGeometry = { rotaryDim: 32, base: 10000, originalLength: 256, targetLength: 1024 }
const source = await openModelFolder(tinyLlama.folder, { registry, readRope: readHuggingFaceRope })
const executor = await openOnnxExecutor({ threads: 1 })
let current = yarn().frequencies(geometry)
export const model = await openLanguageModel(source, {
  name: 'tiny-llama',
  executor,
  interpolation: { frequencies: () => current },
  weights: await source.weights(),
  maxLength: 1024
})
export const { tokenizer } = model

const heldOut = (await readFile(tinyLlama.heldOut, 'utf8')).split('\n').filter(Boolean)
const { text: document } = JSON.parse(heldOut[0]) as { text: string }
const ids = tokenizer.encode(document).subarray(0, 512)

/** Perplexity of the model on 512 tokens with factors λ̂ [R/2] of longrope. */
export async function perplexityWith(factors: Float64Array): Promise<number> {
  const before = current
  current = longrope({ shortFactor: [...factors], longFactor: [...factors] }).frequencies(geometry)
  const scores = await model.score(ids)
  current = before
  return Math.exp(-scores.reduce((sum, score) => sum + score, 0) / scores.length)
}

export const suite = passkey({ lengths: [128, 256], trials: 2 })
export const results: readonly EvalResult[] = [await suite.run(model, { seed: 0, resolvePath: path => path })]

export const logits = Float32Array.of(0.5, -1.25, 3.00001)
export const golden = Float64Array.of(0.5, -1.25, 3)

/** Text of a `config.json`, and what is in the one of a model that was extended by the code of PoSE. */
export const text = await readFile(join(tinyLlama.folder, 'config.json'), 'utf8')
export const poseConfig: Readonly<Record<string, unknown>> = {
  ...(JSON.parse(text) as object),
  max_position_embeddings: 4096,
  rope_scaling: { type: 'yarn', factor: 16, original_max_position_embeddings: 256 }
}

/** Writes the files that examples name, into the folder that they run in. */
export async function prepareFiles(folder: string): Promise<void> {
  const at = (name: string) => join(folder, name)
  await mkdir(at('corpus'))
  await writeFile(at('corpus/part.jsonl.gz'), gzipSync(`${heldOut[0]}\n${heldOut[1]}\n`))
  await writeFile(at('proofs.jsonl'), `${JSON.stringify({ text: document.slice(0, 6000) })}\n`)
  await writeFile(
    at('validation.jsonl'),
    ['on', 'off']
      .map(
        (word, label) => `${JSON.stringify({ passage: `The lamp is ${word}.`, question: 'is the lamp off', label })}\n`
      )
      .join('')
  )
  await writeSafetensors(at('adapter.safetensors'), [
    { name: 'lora_A', shape: [2, 3], data: Float32Array.of(1, 2, 3, 4, 5, 6) }
  ])
  await writeFile(
    at('extend.yaml'),
    `model: ${JSON.stringify(tinyLlama.folder)}
window: { original: 256, target: 512 }
data: { files: [proofs.jsonl] }
train: { steps: 1, batch: 1, learningRate: 1e-3 }
output: extended
`
  )
}
