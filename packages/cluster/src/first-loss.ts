import { trainingSetup, type Experiment } from '@skipwise/experiment'
import { sizeOf, type Executor } from '@skipwise/runtime'
import { planMemory, plannedStrategy, Trainer, type TrainerSetup } from '@skipwise/training'
import type { ProgressListener } from '@skipwise/core'

/** Who listens to {@link firstLoss}. */
interface Hooks {
  readonly progress?: ProgressListener | undefined
  readonly signal?: AbortSignal | undefined
}

/**
 * The loss of the first batch before any update, nats a label. All parameters but the smallest are frozen for it, so
 * that there are neither gradients nor moments of a whole model in memory. Adapters begin as no change.
 *
 * @throws SkipwiseError `TRAINING_MEMORY` where even that does not fit; `signal.reason` when aborted
 */
export async function firstLoss(
  experiment: Experiment,
  executor: Executor,
  { progress, signal }: Hooks = {}
): Promise<number> {
  const { source, options, weights, example } = experiment
  const { lora: _lora, ema: _ema, guard: _guard, ...others } = options
  const [smallest] = [...source.model.parameters].sort((a, b) => sizeOf(a.shape) - sizeOf(b.shape))
  const freeze = source.model.parameters.map(({ name }) => name).filter(name => name !== smallest.name)
  const setup: TrainerSetup = { ...trainingSetup(experiment, executor), options: { ...others, freeze } }
  const strategy = plannedStrategy(planMemory(setup), setup)
  const trainer = await Trainer.create({ ...setup, options: { ...setup.options, strategy } }, weights, progress)
  try {
    const examples = Array.from({ length: options.batch }, (_, i) => example(i))
    return (await trainer.gradients(examples, 0, signal)).loss
  } finally {
    await trainer.dispose()
  }
}
