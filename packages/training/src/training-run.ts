import {
  letEventsIn,
  SkipwiseError,
  type ProgressListener,
  type TrainingExample,
  withoutUndefined
} from '@skipwise/core'
import { storagesOf, type Weight } from '@skipwise/runtime'
import { bestOf, checkBest, loadBest, saveBest, type Validation, type ValidationScore } from './best.js'
import { spikeOf } from './guard.js'
import { planMemory, plannedStrategy } from './memory-plan.js'
import {
  completeOptions,
  learningRateAt,
  type CompleteTrainingOptions,
  type StrategyName,
  type TrainingOptions
} from './options.js'
import { loadState, removeUnfinished, saveState, stateTensors, type TrainingState } from './state.js'
import { trainedParameters } from './trained-parameters.js'
import { Trainer, type TrainerSetup } from './trainer.js'

/** What a run of training takes. */
export interface TrainSetup extends Omit<TrainerSetup, 'options'> {
  readonly options: TrainingOptions | CompleteTrainingOptions
  /** Parameters to start from, by name, row-major; frozen matrices may be at rest. */
  readonly weights: ReadonlyMap<string, Weight>
  /** Example number `index` of the whole run: pure, so that a resumed run sees the same ones. */
  readonly example: (index: number) => TrainingExample
  /** Where the state of the unfinished run is kept. */
  readonly stateFolder: string
  /** Digest of everything that decides the numbers: a saved state of another key is refused. */
  readonly runKey: string
  readonly validation?: Validation | undefined
  readonly progress?: ProgressListener | undefined
  readonly signal?: AbortSignal | undefined
}

/** What a finished run leaves. */
export interface TrainResult {
  /** Parameters of the model by name, row-major, adapters merged: each is made when it is asked for. */
  readonly weights: ReadonlyMap<string, Float32Array>
  /** With `lora`: the trained adapters, and the parameters trained whole, by name, row-major. */
  readonly adapters?: Map<string, Float32Array> | undefined
  /** Mean loss of every step, nats a label. */
  readonly losses: readonly number[]
  /** How gradients were computed. */
  readonly strategy: StrategyName
  /** Steps whose update a guard left out. */
  readonly skipped: number
  /** Of the validations. */
  readonly scores: readonly ValidationScore[]
  /** Steps that the weights come of, where they are the best of the validations. */
  readonly bestStep?: number | undefined
  /** Tokens of this process's steps over their time, saving included. */
  readonly tokensPerSecond: number
}

/** Loss and gradient norm of a step, and what speaks against its update. */
interface StepOutcome {
  readonly loss: number
  readonly gradientNorm: number
  readonly spike?: string | undefined
}

/** Options of a run, its strategy chosen. */
type RunOptions = CompleteTrainingOptions & { readonly strategy: StrategyName }

type Trains = ReturnType<typeof trainedParameters>

/**
 * A training that is under way: what its steps have given so far, and the weights on the executor. {@link train} says
 * in which order its parts come.
 */
export class TrainingRun {
  readonly #losses: number[]
  readonly #gradientNorms: number[]
  readonly #scores: ValidationScore[]
  /** Steps before this process. */
  readonly #from: number
  #skipped: number
  #skippedInRow: number
  readonly #started = performance.now()
  /** Of the first step of this process: what an executor prepares and compiles at its first run is in it. */
  #firstStepSeconds: number | undefined

  private constructor(
    private readonly setup: TrainSetup,
    private readonly options: RunOptions,
    private readonly trains: Trains,
    private readonly trainer: Trainer,
    saved: TrainingState | undefined
  ) {
    this.#losses = [...(saved?.losses ?? [])]
    this.#gradientNorms = [...(saved?.gradientNorms ?? [])]
    this.#scores = [...(saved?.scores ?? [])]
    this.#from = saved?.step ?? 0
    this.#skipped = saved?.skipped ?? 0
    this.#skippedInRow = saved?.skippedInRow ?? 0
  }

  /** Begins a run, or goes on from its saved state. */
  static async open(setup: TrainSetup): Promise<TrainingRun> {
    const { model, stateFolder, runKey, validation } = setup
    const given = completeOptions(setup.options)
    const trains = trainedParameters(model, given)
    const saved = await loadState(stateFolder, runKey, stateTensors(trains.trained, given.ema !== undefined))
    const best = saved && validation?.keep === 'best' ? bestOf(saved.scores, validation) : undefined
    if (best) await checkBest(stateFolder, runKey, best.step)
    // a resumed run goes on as it began: strategies round differently
    const planned = {
      ...setup,
      stored: storagesOf(setup.weights),
      options: given.strategy === 'auto' && saved ? { ...given, strategy: saved.strategy } : given
    }
    const options = { ...given, strategy: plannedStrategy(planMemory(planned), planned) }
    await removeUnfinished(stateFolder)
    const weights = new Map<string, Weight>([...setup.weights, ...(saved?.tensors ?? [])])
    const trainer = await Trainer.create({ ...setup, options }, weights, setup.progress)
    const run = new TrainingRun(setup, options, trains, trainer, saved)
    // the first step may take long
    setup.progress?.({ task: 'train', done: run.done, total: run.total, unit: 'steps' })
    return run
  }

  /** Steps that are done. */
  get done(): number {
    return this.#losses.length
  }

  /** Steps of the whole run. */
  get total(): number {
    return this.options.steps
  }

  /** Whether the state is to be saved after the last step; that of a finished run is not. */
  get isSaveDue(): boolean {
    return this.done % this.options.checkpointEvery === 0 && this.done < this.total
  }

  /** Validates where the run was stopped in a validation: the step before it is done and saved. */
  async catchUp(): Promise<void> {
    if (this.done === 0 || !this.#isValidationDue || this.#scores.at(-1)?.step === this.done) return
    await this.validate()
    this.report()
  }

  /**
   * One optimizer step.
   *
   * @throws SkipwiseError `TRAINING_DIVERGED`; `TRAINING_SPIKE`, with the state before the step saved
   */
  async step(): Promise<void> {
    const begun = performance.now()
    // An executor may compute on this thread.
    await letEventsIn(this.setup.signal)
    const { loss, gradientNorm, spike } = await this.#compute()
    const { guard } = this.options
    if (spike !== undefined && (guard?.action !== 'skip' || this.#skippedInRow + 1 >= (guard.patience ?? 5))) {
      await this.save()
      throw spikeError(this.done, spike)
    }
    this.#skipped += Number(spike !== undefined)
    this.#skippedInRow = spike === undefined ? 0 : this.#skippedInRow + 1
    if (this.done === this.#from) this.#firstStepSeconds = (performance.now() - begun) / 1000
    this.#losses.push(Math.fround(loss))
    this.#gradientNorms.push(Math.fround(gradientNorm))
  }

  /** Gradients, and the update, or what speaks against it. */
  async #compute(): Promise<StepOutcome> {
    const { trainer, done: step } = this
    const { batch, guard } = this.options
    const examples = Array.from({ length: batch }, (_, i) => this.setup.example(step * batch + i))
    const { loss } = await trainer.gradients(examples, step * batch, this.setup.signal)
    if (guard) {
      const gradientNorm = await trainer.gradientNorm()
      const history = { losses: this.#losses, gradientNorms: this.#gradientNorms }
      const spike = spikeOf({ loss, gradientNorm }, history, guard)
      if (spike !== undefined) {
        if (!Number.isFinite(gradientNorm)) await trainer.forgetGradients()
        return { loss, gradientNorm, spike }
      }
    } else if (!Number.isFinite(loss)) throw diverged(`the loss of step ${step + 1} is ${loss}`)
    const gradientNorm = await trainer.update(step - this.#skipped, learningRateAt(step, this.options))
    if (!Number.isFinite(gradientNorm)) throw diverged(`the gradient norm of step ${step + 1} is ${gradientNorm}`)
    return { loss, gradientNorm }
  }

  get #isValidationDue(): boolean {
    const { validation } = this.setup
    return validation !== undefined && (this.done % validation.every === 0 || this.done === this.total)
  }

  /** Scores the weights, where that is due, and keeps them where they are the best. */
  async validate(): Promise<void> {
    const { validation, stateFolder, runKey } = this.setup
    if (validation === undefined || !this.#isValidationDue) return
    const { keep, better, score } = validation
    const step = this.done
    const trained = await this.trainer.trained()
    const found = { step, score: await score(await this.trainer.weights(trained), step) }
    this.#scores.push(found)
    if (keep === 'best' && bestOf(this.#scores, { better }) === found)
      await saveBest(stateFolder, runKey, step, this.trains.trained, trained)
  }

  /** Says what the last step gave, and its validation. */
  report(): void {
    const last = this.#scores.at(-1)
    const score = last?.step === this.done ? { validation: last.score } : {}
    const first = this.done === this.#from + 1 ? this.#firstStepSeconds : undefined
    this.setup.progress?.({
      task: 'train',
      done: this.done,
      total: this.total,
      unit: 'steps',
      metrics: withoutUndefined({
        loss: this.#losses[this.done - 1],
        ...score,
        learningRate: learningRateAt(this.done - 1, this.options),
        gradientNorm: this.#gradientNorms[this.done - 1],
        tokensPerSecond: this.#tokensPerSecond,
        peakMemoryMB: process.resourceUsage().maxRSS / 1024,
        skipped: this.#skipped > 0 ? this.#skipped : undefined,
        firstStepSeconds: first
      })
    })
  }

  get #tokensPerSecond(): number {
    const tokens = (this.done - this.#from) * this.options.batch * this.setup.window.original
    return (tokens * 1000) / (performance.now() - this.#started)
  }

  /** Saves the state after the steps that are done. */
  async save(): Promise<void> {
    const { stateFolder, runKey } = this.setup
    const { strategy, ema } = this.options
    await saveState(stateFolder, runKey, stateTensors(this.trains.trained, ema !== undefined), {
      step: this.done,
      strategy,
      tensors: await this.trainer.read(),
      losses: this.#losses,
      gradientNorms: this.#gradientNorms,
      skipped: this.#skipped,
      skippedInRow: this.#skippedInRow,
      scores: this.#scores
    })
  }

  /** What the run leaves: the last weights, or the best where validation keeps those. */
  async result(): Promise<TrainResult> {
    const { validation, stateFolder, runKey } = this.setup
    const best = validation?.keep === 'best' ? bestOf(this.#scores, validation) : undefined
    const kept = best && (await loadBest(stateFolder, runKey, best.step, this.trains.trained))
    const trained = kept ?? (await this.trainer.trained())
    return {
      weights: await this.trainer.weights(trained),
      adapters: this.options.lora && trained,
      losses: this.#losses,
      strategy: this.options.strategy,
      skipped: this.#skipped,
      scores: this.#scores,
      bestStep: best?.step,
      tokensPerSecond: this.#tokensPerSecond
    }
  }

  async dispose(): Promise<void> {
    await this.trainer.dispose()
  }
}

const spikeError = (step: number, spike: string) =>
  new SkipwiseError('TRAINING_SPIKE', {
    problem: `at step ${step + 1} ${spike}`,
    fix: 'check the documents of this step, or set guard.action to skip to leave such steps out: the state before it is saved, and the same command resumes there'
  })

const diverged = (problem: string) =>
  new SkipwiseError('TRAINING_DIVERGED', {
    problem,
    fix: 'lower learningRate or maxGradientNorm, or check for broken documents; the last saved state is kept'
  })
