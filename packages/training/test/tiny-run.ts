import { llama } from '@skipwise/arch-llama'
import { randomStream, type PositionedExample } from '@skipwise/core'
import { openOnnxExecutor } from '@skipwise/executor-onnx'
import { rotaryHalf } from '@skipwise/positional-encodings'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll } from 'vitest'
import { initializeWeights } from '../src/initialize.js'
import type { TrainingOptions } from '../src/options.js'
import type { TrainSetup } from '../src/train.js'

/** A LLaMA of 32 tokens and two layers, trained at 24 tokens for positions below 96. */
export const V = 32, window = { original: 24, target: 96 }
export const model = llama.create({}).define({
  model_type: 'llama', vocab_size: V, hidden_size: 16, intermediate_size: 32, num_hidden_layers: 2, num_attention_heads: 2, num_key_value_heads: 1, max_position_embeddings: 24
})
export const frequencies = { inverseFrequencies: Float64Array.from({ length: 4 }, (_, i) => 1e4 ** (-i / 4)), attentionFactor: 1, softmaxScale: 1 }

/** A repeating sequence, so that there is something to learn, with one skip. */
export function example(index: number): PositionedExample {
  const random = randomStream({ seed: 7, stream: 'test', index }), period = random.integer(2, 5), skip = random.integer(0, 72), cut = random.integer(1, 23), first = random.integer(0, V - 6)
  return {
    ids: Int32Array.from({ length: 24 }, (_, t) => first + (t % period)),
    positionIds: Int32Array.from({ length: 24 }, (_, t) => (t < cut ? t : t + skip)),
    labelMask: Uint8Array.from({ length: 24 }, (_, t) => Number(t > 0 && t % 7 !== 3))
  }
}

const folders: string[] = []
export async function newFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'skipwise-train-'))
  folders.push(folder)
  return folder
}
afterAll(() => Promise.all(folders.map(folder => rm(folder, { recursive: true, force: true }))))

/** A run of twelve steps of four examples, saved after five and ten, in a folder of its own. */
export const setup = async (options: Partial<TrainingOptions> = {}, changes: Partial<TrainSetup> = {}): Promise<TrainSetup> => ({
  model, encoding: rotaryHalf.create({}), frequencies, executor: await openOnnxExecutor({ threads: 1 }), window, example, stateFolder: await newFolder(), runKey: 'test',
  weights: initializeWeights(model, { seed: 0 }), options: { steps: 12, batch: 4, learningRate: 1e-2, warmup: 2, checkpointEvery: 5, ...options }, ...changes
})
