import type { Executor, StorageName } from '@skipwise/runtime'
import type { TrainerSetup } from '@skipwise/training'
import { frequenciesOf } from './model-source.js'
import type { Experiment } from './resolve/experiment.js'

/** The parts of an experiment that gradients are computed of. */
export interface TrainedParts extends Pick<Experiment, 'rope' | 'window' | 'options' | 'exampleLength'> {
  readonly source: Pick<Experiment['source'], 'model' | 'encoding'>
  /** How frozen parameters lie in memory, by name; those in float32 are not in it. */
  readonly stored: ReadonlyMap<string, StorageName>
  /** Whether examples are made of several documents. */
  readonly packed: boolean
}

/** What the training of an experiment is set up with. */
export const trainerSetup = (
  { source: { model, encoding }, rope, window, options, exampleLength, stored, packed }: TrainedParts,
  executor: Executor
): TrainerSetup => ({
  model,
  stored,
  encoding,
  executor,
  options,
  packed,
  window: { ...window, original: exampleLength },
  frequencies: frequenciesOf(rope.interpolation, rope)(window.target)
})
