import { letEventsIn, SkipwiseError, type TrainingExample, type ProgressListener } from '@skipwise/core'
import { planMemory, plannedStrategy } from './memory-plan.js'
import { completeOptions, type CompleteTrainingOptions, type StrategyName, type TrainingOptions } from './options.js'
import { bestOf, checkBest, loadBest, removeBest, saveBest, type Validation, type ValidationScore } from './best.js'
import { spikeOf } from './guard.js'
import { learningRateAt } from './schedule.js'
import { loadState, removeState, removeUnfinished, saveState, stateTensors } from './state.js'
import { trainedParameters } from './trained-parameters.js'
import { Trainer, type TrainerSetup } from './trainer.js'

/** What {@link train} takes. */
export interface TrainSetup extends Omit<TrainerSetup, 'options'> {
  readonly options: TrainingOptions | CompleteTrainingOptions
  /** Parameters to start from, by name, row-major. */
  readonly weights: ReadonlyMap<string, Float32Array>
  /** Example number `index` of the whole run: pure, so that a resumed run sees the same ones. */
  readonly example: (index: number) => TrainingExample
  /** Where the state of the unfinished run is kept. */
  readonly stateFolder: string
  /** Digest of everything that decides the numbers: a saved state of another key is refused. */
  readonly runKey: string
  readonly validation?: Validation
  readonly progress?: ProgressListener
  readonly signal?: AbortSignal
}

/** What a finished run leaves. */
export interface TrainResult {
  /** Parameters of the model by name, row-major, adapters merged. */
  readonly weights: Map<string, Float32Array>
  /** With `lora`: the trained adapters, and the parameters trained whole, by name, row-major. */
  readonly adapters?: Map<string, Float32Array>
  /** Mean loss of every step, nats a label. */
  readonly losses: readonly number[]
  /** How gradients were computed. */
  readonly strategy: StrategyName
  /** Steps whose update a guard left out. */
  readonly skipped: number
  /** Of the validations. */
  readonly scores: readonly ValidationScore[]
  /** Steps that the weights come of, where they are the best of the validations. */
  readonly bestStep?: number
  /** Tokens of this process's steps over their time, saving included. */
  readonly tokensPerSecond: number
}

/**
 * Runs or resumes a training: gradients, clipping, AdamW, with state saved every `checkpointEvery` steps. A run that
 * was killed and resumed gives the same bytes as one that was not. A loss or gradient norm that is not finite stops it
 * before anything is saved; the last saved state stays.
 *
 * @throws SkipwiseError `TRAINING_OPTIONS`, `TRAINING_FREEZE`, `TRAINING_LORA`, `TRAINING_MEMORY`,
 * `TRAINING_POSITIONS`, `TRAINING_DIVERGED`, `TRAINING_SPIKE`, `TRAINING_INTERRUPTED`, `TRAINING_STATE`
 */
export async function train(setup: TrainSetup): Promise<TrainResult> {
  const { model, window, stateFolder, runKey } = setup
  const given = completeOptions(setup.options)
  const { guard, ema, batch, steps } = given
  const { validation, signal } = setup
  const trains = trainedParameters(model, given)
  const specs = stateTensors(trains.trained, ema !== undefined)
  const saved = await loadState(stateFolder, runKey, specs)
  const bestSoFar = saved && validation?.keep === 'best' ? bestOf(saved.scores, validation) : undefined
  if (bestSoFar) await checkBest(stateFolder, runKey, bestSoFar.step)
  // a resumed run goes on as it began: strategies round differently
  const planned = {
    ...setup,
    options: given.strategy === 'auto' && saved ? { ...given, strategy: saved.strategy } : given
  }
  const strategy = plannedStrategy(planMemory(planned), planned)
  const options = { ...given, strategy }
  await removeUnfinished(stateFolder)
  const trainer = await Trainer.create({ ...setup, options }, new Map([...setup.weights, ...(saved?.tensors ?? [])]))
  const losses = [...(saved?.losses ?? [])]
  const gradientNorms = [...(saved?.gradientNorms ?? [])]
  const scores = [...(saved?.scores ?? [])]
  const from = saved?.step ?? 0
  let skipped = saved?.skipped ?? 0
  let skippedInRow = saved?.skippedInRow ?? 0
  const save = async (step: number) =>
    saveState(stateFolder, runKey, specs, {
      step,
      strategy,
      tensors: await trainer.read(),
      losses,
      gradientNorms,
      skipped,
      skippedInRow,
      scores
    })
  const started = performance.now()
  const tokensPerSecond = () =>
    ((losses.length - from) * batch * window.original * 1000) / (performance.now() - started)

  /** Gradients, and the update, or what speaks against it. */
  const takeStep = async (
    step: number,
    learningRate: number
  ): Promise<{ loss: number; gradientNorm: number; spike?: string | undefined }> => {
    const { loss } = await trainer.gradients(
      Array.from({ length: batch }, (_, i) => setup.example(step * batch + i)),
      step * batch,
      signal
    )
    if (guard) {
      const gradientNorm = await trainer.gradientNorm()
      const spike = spikeOf({ loss, gradientNorm }, { losses, gradientNorms }, guard)
      if (spike !== undefined) {
        if (!Number.isFinite(gradientNorm)) await trainer.forgetGradients()
        return { loss, gradientNorm, spike }
      }
    } else if (!Number.isFinite(loss)) throw diverged(`the loss of step ${step + 1} is ${loss}`)
    const gradientNorm = await trainer.update(step - skipped, learningRate)
    if (!Number.isFinite(gradientNorm)) throw diverged(`the gradient norm of step ${step + 1} is ${gradientNorm}`)
    return { loss, gradientNorm }
  }

  const isDue = (step: number, { every }: Validation) => step % every === 0 || step === steps
  const validate = async (
    step: number,
    { keep, better, score }: Validation
  ): Promise<Readonly<Record<string, number>>> => {
    const trained = await trainer.trained()
    const found = { step, score: await score(await trainer.weights(trained), step) }
    scores.push(found)
    if (keep === 'best' && bestOf(scores, { better }) === found)
      await saveBest(stateFolder, runKey, step, trains.trained, trained)
    return { validation: found.score }
  }

  /** Validates after `step` steps, where it is due, and tells what they gave. */
  const report = async (step: number, first: { firstStepSeconds?: number }) => {
    const score = validation && isDue(step, validation) ? await validate(step, validation) : {}
    setup.progress?.({
      task: 'train',
      done: step,
      total: steps,
      unit: 'steps',
      metrics: {
        loss: losses[step - 1],
        ...score,
        learningRate: learningRateAt(step - 1, options),
        gradientNorm: gradientNorms[step - 1],
        tokensPerSecond: tokensPerSecond(),
        peakMemoryMB: process.resourceUsage().maxRSS / 1024,
        ...(skipped > 0 && { skipped }),
        ...first
      }
    })
  }

  try {
    // It was stopped in this validation: the step before it is done and saved.
    if (validation && from > 0 && isDue(from, validation) && scores.at(-1)?.step !== from) await report(from, {})
    for (let step = from; step < steps; step++) {
      const begun = performance.now()
      // An executor may compute on this thread.
      await letEventsIn(signal)
      const learningRate = learningRateAt(step, options)
      const { loss, gradientNorm, spike } = await takeStep(step, learningRate)
      if (spike !== undefined && (guard?.action !== 'skip' || skippedInRow + 1 >= (guard.patience ?? 5))) {
        await save(step)
        throw spikeError(step, spike)
      }
      skipped += Number(spike !== undefined)
      skippedInRow = spike === undefined ? 0 : skippedInRow + 1
      // What an executor prepares and compiles at its first run is in it.
      const firstStepSeconds = (performance.now() - begun) / 1000
      losses.push(Math.fround(loss))
      gradientNorms.push(Math.fround(gradientNorm))
      await report(step + 1, step === from ? { firstStepSeconds } : {})
      if ((step + 1) % options.checkpointEvery === 0 && step + 1 < steps) await save(step + 1)
    }
    const best = validation?.keep === 'best' ? bestOf(scores, validation) : undefined
    const kept = best && (await loadBest(stateFolder, runKey, best.step, trains.trained))
    const trained = kept ?? (await trainer.trained())
    return {
      weights: await trainer.weights(trained),
      ...(options.lora && { adapters: trained }),
      losses,
      strategy,
      skipped,
      scores,
      ...(best && { bestStep: best.step }),
      tokensPerSecond: tokensPerSecond()
    }
  } catch (error) {
    if (signal?.aborted !== true || error !== signal.reason) throw error
    await save(losses.length)
    throw new SkipwiseError('TRAINING_INTERRUPTED', {
      problem: `training stopped after step ${losses.length} of ${steps}`,
      fix: 'run the same command again to go on',
      cause: error
    })
  } finally {
    await trainer.dispose()
  }
}

/** Removes the state of a finished run, once its result is written. */
export async function finishTraining(stateFolder: string): Promise<void> {
  await removeState(stateFolder)
  await removeBest(stateFolder)
}

const spikeError = (step: number, spike: string) =>
  new SkipwiseError('TRAINING_SPIKE', {
    problem: `at step ${step + 1} ${spike}`,
    fix: 'look at the documents of this step, or let guard leave such steps out (action: skip): the state before it is saved, the same command goes on from there'
  })

const diverged = (problem: string) =>
  new SkipwiseError('TRAINING_DIVERGED', {
    problem,
    fix: 'lower learningRate or maxGradientNorm, or look for broken documents; the last saved state is kept'
  })
