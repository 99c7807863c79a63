import { randomStream } from '@skipwise/core'
import type { ModelDefinition } from '@skipwise/nn'
import type { Executor } from '@skipwise/runtime'
import { byteTokenizer, decoder, plainFrequencies, randomWeights, rotary } from '@skipwise/testing'
import { createLanguageModel, type LanguageModelSetup } from '../src/index.js'

/** A small model with random weights: V 40, d 24, and heads as given. */
export const smallModel = ({ heads = 4, keyValueHeads = 2, headDim = 8, layers = 2 } = {}): ModelDefinition =>
  decoder({ vocabSize: 40, hiddenSize: 24, intermediateSize: 32, layers, heads, keyValueHeads, headDim })

export function randomIds(length: number, vocabSize: number, seed = 0): Int32Array {
  const random = randomStream({ seed, stream: 'ids' })
  return Int32Array.from({ length }, () => random.integer(0, vocabSize - 1))
}

/** A language model of a small model, with changes. */
export async function openSmall(executor: Executor, changes: Partial<LanguageModelSetup> = {}) {
  const model = changes.model ?? smallModel()
  return createLanguageModel({
    name: 'small',
    model,
    encoding: rotary,
    executor,
    frequencies: plainFrequencies(model.geometry.rotaryDim),
    weights: randomWeights(model),
    tokenizer: byteTokenizer(),
    maxLength: 1024,
    options: { chunk: 8 },
    ...changes
  })
}
