import type { ModelDefinition } from '@skipwise/nn'
import type { StrategyName } from './options.js'
import { trainedParameters, type TrainedChoice } from './trained-parameters.js'

const size = (shape: readonly number[]) => shape.reduce((product, length) => product * length, 1)

/**
 * Floating-point operations that training takes for each token, forward and backward, by the usual count: two for each
 * weight of a matrix that a token is multiplied by, and 4 · L · H · D · T for the scores and values of attention. The
 * backward pass takes that again for the hidden states, attention twice, and two for each weight that is trained. A
 * strategy that keeps no activations computes the forward pass once more. Norms, activations and the optimizer, a few
 * per cent, are not counted.
 *
 * @param length T: tokens of an example
 */
export function operationsPerToken(
  model: Pick<ModelDefinition, 'parameters' | 'geometry'>,
  choice: TrainedChoice,
  length: number,
  strategy: StrategyName
): number {
  const { layers, heads, headDim, vocabSize, hiddenSize } = model.geometry
  const { trained, adapters } = trainedParameters(model, choice)
  const isLookup = (shape: readonly number[]) => shape[0] === vocabSize && shape[1] === hiddenSize
  const matrices = model.parameters.filter(({ shape }) => shape.length === 2)
  // an embedding is looked up, and one matrix of its shape is the output layer, also where both are one
  const inBlocks = matrices.filter(({ shape }) => !isLookup(shape)).reduce((sum, { shape }) => sum + size(shape), 0)
  const inAdapters = adapters.reduce((sum, { a, b }) => sum + size(a.shape) + size(b.shape), 0)
  const weights = inBlocks + inAdapters + vocabSize * hiddenSize
  const learned = trained.filter(({ shape }) => shape.length === 2)
  const learnedWeights = learned
    .filter(({ shape }) => !isLookup(shape))
    .reduce(
      (sum, { shape }) => sum + size(shape),
      learned.some(({ shape }) => isLookup(shape)) ? vocabSize * hiddenSize : 0
    )
  const attention = 4 * layers * heads * headDim * length
  const forward = 2 * weights + attention
  const backward = 2 * weights + 2 * attention + 2 * learnedWeights
  return (strategy === 'whole' ? 1 : 2) * forward + backward
}
