import { randomStream, type TrainingExample } from '@skipwise/core'
import { openInterpreter } from '@skipwise/runtime'
import { decoder, plainFrequencies, rotary } from '@skipwise/testing'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll } from 'vitest'
import { initializeWeights } from '../src/initialize.js'
import type { TrainingOptions } from '../src/options.js'
import type { TrainSetup } from '../src/training-run.js'

/** A decoder of 32 tokens and two layers, trained at 24 tokens for positions below 96. */
export const V = 32
export const window = { original: 24, target: 96 }
export const model = decoder({ vocabSize: V, keyValueHeads: 1, maxPositionEmbeddings: 24 })
export const frequencies = plainFrequencies(model.geometry.rotaryDim)

/** A repeating sequence, so that there is something to learn, with one skip. */
export function example(index: number): TrainingExample {
  const random = randomStream({ seed: 7, stream: 'test', index })
  const period = random.integer(2, 5)
  const skip = random.integer(0, 72)
  const cut = random.integer(1, 23)
  const first = random.integer(0, V - 6)
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
export const setup = async (
  options: Partial<TrainingOptions> = {},
  changes: Partial<TrainSetup> = {}
): Promise<TrainSetup> => ({
  model,
  encoding: rotary,
  frequencies,
  executor: await openInterpreter(),
  window,
  example,
  stateFolder: await newFolder(),
  runKey: 'test',
  weights: initializeWeights(model, { seed: 0 }),
  options: { steps: 12, batch: 4, learningRate: 1e-2, warmup: 2, checkpointEvery: 5, ...options },
  ...changes
})
