import {
  SkipwiseError,
  type TrainingExample,
  type RopeFrequencies,
  type Window,
  withoutUndefined
} from '@skipwise/core'
import { positionTables, type PositionalEncoding, type RopesOfModel } from '@skipwise/nn'

/** The arrays that a loss program takes, by input name. */
export interface Batch {
  /** Token ids, [B·T]. */
  readonly ids: Int32Array
  /** Element t is the id after token t, 0 after the last, [B·T]. */
  readonly labels: Int32Array
  /** 1 / `labelCount` where the label counts, else 0, [B·T]; all 0 where none counts. */
  readonly labelWeights: Float32Array
  /** Table of the positions, [B·T·`tableWidth`]. */
  readonly cos: Float32Array
  /** Table of the positions, [B·T·`tableWidth`]. */
  readonly sin: Float32Array
  /** Positions, [B·T]: of an encoding with slopes. */
  readonly positions?: Float32Array
  /** Document of every token, [B·T]: of packed examples. */
  readonly documents?: Float32Array
}

/** Labels that count in some examples: the denominator of their mean loss. */
export const countLabels = (examples: readonly TrainingExample[]): number => {
  let count = 0
  for (const { labelMask } of examples) for (let t = 1; t < labelMask.length; t++) count += labelMask[t]
  return count
}

/**
 * Stacks examples to a batch: labels are the next ids, weighted so that the loss is the mean over `labelCount` labels,
 * also when the examples are one micro-batch of several.
 *
 * @param packed whether examples may hold several documents
 * @throws SkipwiseError `TRAINING_POSITIONS`
 */
export function makeBatch(
  examples: readonly TrainingExample[],
  window: Window,
  labelCount: number,
  encoding: PositionalEncoding,
  geometry: RopesOfModel,
  frequencies: RopeFrequencies,
  packed = false
): Batch {
  const T = window.original
  const N = examples.length * T
  const ids = new Int32Array(N)
  const labels = new Int32Array(N)
  const labelWeights = new Float32Array(N)
  const positionIds = new Int32Array(N)
  const documents = packed ? new Float32Array(N) : undefined
  examples.forEach((example, row) => {
    checkPositions(example, window)
    if (example.documentIds && !documents)
      throw positionsError(
        'an example contains several documents, and the programs of this run are for one',
        'set packed'
      )
    const at = row * T
    ids.set(example.ids, at)
    positionIds.set(example.positionIds, at)
    if (example.documentIds) documents?.set(example.documentIds, at)
    labels.set(example.ids.subarray(1), at)
    for (let t = 0; t + 1 < T; t++)
      if (example.labelMask[t + 1]) labelWeights[at + t] = example.labelMask[t + 1] / labelCount
  })
  return withoutUndefined({
    ids,
    labels,
    labelWeights,
    ...positionTables(encoding, geometry, positionIds, frequencies),
    documents
  })
}

/**
 * Positions outside the window would train angles that no one meets; positions out of order would break causality's
 * meaning.
 */
function checkPositions(
  { ids, positionIds, labelMask, documentIds }: TrainingExample,
  { original, target }: Window
): void {
  if (ids.length !== original || positionIds.length !== original || labelMask.length !== original) {
    throw positionsError(
      `an example has ${ids.length} ids, ${positionIds.length} positions and ${labelMask.length} label flags, not ${original} of each`
    )
  }
  if (documentIds && documentIds.length !== original)
    throw positionsError(`an example has ${documentIds.length} document ids, not ${original}`)
  for (let t = 0; t < original; t++) {
    if (positionIds[t] < 0 || positionIds[t] >= target)
      throw positionsError(`position ${positionIds[t]} of token ${t} is outside [0, ${target})`)
    if (t === 0) continue
    const starts = documentIds && documentIds[t] !== documentIds[t - 1]
    if (starts && documentIds[t] < documentIds[t - 1])
      throw positionsError(`document ${documentIds[t]} of token ${t} follows document ${documentIds[t - 1]}`)
    if (starts && labelMask[t])
      throw positionsError(`the first token of document ${documentIds[t]} would be predicted from the document before`)
    if (!starts && positionIds[t] <= positionIds[t - 1])
      throw positionsError(`position ${positionIds[t]} of token ${t} does not follow ${positionIds[t - 1]}`)
  }
}

const positionsError = (
  problem: string,
  fix = 'correct the position transform: run describePositionTransform of @skipwise/testing on it'
) => new SkipwiseError('TRAINING_POSITIONS', { problem, fix })
