import { SkipwiseError, type PositionedExample, type ProgressListener } from '@skipwise/core'
import { setImmediate } from 'node:timers/promises'
import { planMemory, plannedStrategy } from './memory-plan.js'
import { completeOptions, type StrategyName, type TrainingOptions } from './options.js'
import { learningRateAt } from './schedule.js'
import { loadState, removeState, saveState } from './state.js'
import { trainedParameters } from './trained-parameters.js'
import { Trainer, type TrainerSetup } from './trainer.js'

/** What {@link train} takes. */
export interface TrainSetup extends Omit<TrainerSetup, 'options'> {
  readonly options: TrainingOptions
  /** Parameters to start from, by name. */
  readonly weights: ReadonlyMap<string, Float32Array>
  /** Example number `index` of the whole run: pure, so that a resumed run sees the same ones. */
  readonly example: (index: number) => PositionedExample
  /** Where the state of the unfinished run is kept. */
  readonly stateFolder: string
  /** Digest of everything that decides the numbers: a saved state of another key is refused. */
  readonly runKey: string
  readonly progress?: ProgressListener
  readonly signal?: AbortSignal
}

/** What a finished run leaves. */
export interface TrainResult {
  /** Parameters of the model by name, adapters merged. */
  readonly weights: Map<string, Float32Array>
  /** With `lora`: the trained adapters, and the parameters trained whole, by name. */
  readonly adapters?: Map<string, Float32Array>
  /** Mean loss of every step, nats a label. */
  readonly losses: readonly number[]
  /** How gradients were computed. */
  readonly strategy: StrategyName
  /** Tokens of this process's steps over their time, saving included. */
  readonly tokensPerSecond: number
}

/**
 * Runs or resumes a training: gradients, clipping, AdamW, with state saved every `checkpointEvery` steps. A run that was killed and
 * resumed gives the same bytes as one that was not. A loss or gradient norm that is not finite stops it before anything is saved; the
 * last saved state stays.
 *
 * @throws SkipwiseError `TRAINING_OPTIONS`, `TRAINING_FREEZE`, `TRAINING_LORA`, `TRAINING_MEMORY`, `TRAINING_POSITIONS`, `TRAINING_DIVERGED`,
 * `TRAINING_INTERRUPTED`, `TRAINING_STATE`
 */
export async function train(setup: TrainSetup): Promise<TrainResult> {
  const { model, window, stateFolder, runKey } = setup, given = completeOptions(setup.options)
  const trains = trainedParameters(model, given), saved = await loadState(stateFolder, runKey, trains.trained)
  // a resumed run goes on as it began: strategies round differently
  const planned = { ...setup, options: given.strategy === 'auto' && saved ? { ...given, strategy: saved.strategy } : given }
  const strategy = plannedStrategy(planMemory(planned), planned), options = { ...given, strategy }
  const trainer = await Trainer.create({ ...setup, options }, new Map([...setup.weights, ...(saved?.tensors ?? [])]))
  const losses = [...(saved?.losses ?? [])], tokensPerStep = options.batch * window.original, from = saved?.step ?? 0
  const save = async (step: number) => saveState(stateFolder, runKey, trains.trained, { step, strategy, tensors: await trainer.read(), losses })
  const started = performance.now(), tokensPerSecond = () => ((losses.length - from) * tokensPerStep * 1000) / (performance.now() - started)
  try {
    for (let step = from; step < options.steps; step++) {
      if (setup.signal?.aborted) {
        await save(step)
        throw new SkipwiseError('TRAINING_INTERRUPTED', { problem: `training stopped after step ${step} of ${options.steps}`, fix: 'run the same command again to go on' })
      }
      const examples = Array.from({ length: options.batch }, (_, i) => setup.example(step * options.batch + i))
      const { loss } = await trainer.gradients(examples)
      if (!Number.isFinite(loss)) throw diverged(`the loss of step ${step + 1} is ${loss}`)
      const learningRate = learningRateAt(step, options), gradientNorm = await trainer.update(step, learningRate)
      if (!Number.isFinite(gradientNorm)) throw diverged(`the gradient norm of step ${step + 1} is ${gradientNorm}`)
      losses.push(Math.fround(loss))
      setup.progress?.({
        task: 'train', done: step + 1, total: options.steps, unit: 'steps',
        metrics: { loss, learningRate, gradientNorm, tokensPerSecond: tokensPerSecond(), peakMemoryMB: process.resourceUsage().maxRSS / 1024 }
      })
      if ((step + 1) % options.checkpointEvery === 0 && step + 1 < options.steps) await save(step + 1)
      // An executor may compute on this thread: let signals and timers in.
      await setImmediate()
    }
    return { weights: await trainer.weights(), ...(options.lora && { adapters: await trainer.trained() }), losses, strategy, tokensPerSecond: tokensPerSecond() }
  } finally {
    await trainer.dispose()
  }
}

/** Removes the state of a finished run, once its result is written. */
export const finishTraining = (stateFolder: string): Promise<void> => removeState(stateFolder)

const diverged = (problem: string) =>
  new SkipwiseError('TRAINING_DIVERGED', { problem, fix: 'lower learningRate or maxGradientNorm, or look for broken documents; the last saved state is kept' })
