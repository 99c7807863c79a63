import { letEventsIn, SkipwiseError, type ProgressListener, type TrainingExample } from '@skipwise/core'
import type { ParameterSpec } from '@skipwise/nn'
import {
  adamWHyper,
  checkStorages,
  isStored,
  scalesName,
  storagesOf,
  storedSpecs,
  type Executor,
  type HostData,
  type Program,
  type Value,
  type Values,
  type Weight
} from '@skipwise/runtime'
import { countLabels, makeBatch } from './batch.js'
import { batchSpecs, gradientName } from './loss-program.js'
import { initializeAdapters } from './lora.js'
import { MergedWeights } from './merged-weights.js'
import { traceGradientNorm } from './guard.js'
import { updatedTensors } from './state.js'
import { strategies } from './strategies/index.js'
import { programShape, type GradientStrategy, type StrategySetup } from './strategies/strategy.js'
import { trainedParameters } from './trained-parameters.js'
import { traceUpdate } from './update-program.js'
import { averageName, WeightAverage } from './weight-average.js'

/** What a {@link Trainer} is made of. */
export type TrainerSetup = Omit<StrategySetup, 'trains'>

/** What {@link Trainer.gradients} reports of one batch, before the update. */
export interface StepGradients {
  /** Mean −log p of the labels that count, nats. */
  readonly loss: number
}

/** The state of a training run on a device, and its compiled programs: gradients of a batch, then an update. */
export class Trainer {
  private constructor(
    private readonly setup: StrategySetup,
    private strategy: GradientStrategy,
    private readonly open: () => Promise<GradientStrategy>,
    private readonly updateProgram: Program,
    private readonly normProgram: Program | undefined,
    private readonly average: WeightAverage | undefined,
    private readonly base: ReadonlyMap<string, Weight>,
    private readonly frozen: Values,
    private state: Record<string, Value>
  ) {}

  /**
   * Without a plan, the strategy `auto` is `whole`.
   *
   * @param tensors by name, row-major: parameters, and on resume adapters, `mean:` and `variance:`; those that are
   * absent start at zero, adapters at their own beginning. Frozen ones may be at rest, as `setup.stored` says; they are
   * read until the trainer's end
   * @param progress told of the programs that are compiled
   */
  static async create(
    setup: TrainerSetup,
    tensors: ReadonlyMap<string, Weight>,
    progress?: ProgressListener
  ): Promise<Trainer> {
    const { model, executor, options } = setup
    const report = (done: number) => progress?.({ task: 'compile', done, total: 2, unit: 'programs' })
    report(0)
    const trains = trainedParameters(model, options)
    const { trained, adapters, frozen } = trains
    const matrices = new Set(trained.filter(parameter => parameter.shape.length > 1).map(parameter => parameter.name))
    const initial = new Map(options.lora ? initializeAdapters(adapters, options.lora.seed) : [])
    const base = new Map<string, Weight>()
    const isFrozen = new Set(frozen.map(({ name }) => name))
    for (const [name, tensor] of tensors) {
      if (isFrozen.has(name)) base.set(name, tensor)
      else initial.set(name, demandFloats(name, tensor))
    }
    const stored = storagesOf(base)
    checkStorages(executor, stored.values())
    const strategySetup: StrategySetup = { ...setup, trains, stored }
    const prepared = strategies[options.strategy === 'auto' ? 'whole' : options.strategy](strategySetup)
    const strategy = await prepared.open()
    report(1)
    await letEventsIn()
    const update = await executor.compile(
      traceUpdate({ parameters: trained }, gradientName, name => (matrices.has(name) ? options.weightDecay : 0)),
      {
        donate: Object.fromEntries(updatedTensors(trained).map(({ name }) => [name, name]))
      }
    )
    report(2)
    const upload = (specs: readonly { name: string; shape: readonly number[] }[]) =>
      Object.fromEntries(
        specs.map(({ name, shape }) => [name, executor.upload({ shape, dtype: 'float32' }, initial.get(name))])
      )
    const norm = options.guard && (await executor.compile(traceGradientNorm(trained)))
    const average = options.ema && (await WeightAverage.create(executor, trained, options.ema, initial))
    return new Trainer(
      strategySetup,
      strategy,
      () => prepared.open(),
      update,
      norm,
      average,
      base,
      uploadFrozen(executor, frozen, base),
      upload(updatedTensors(trained))
    )
  }

  /**
   * Computes loss and gradients of one batch, micro-batch by micro-batch, and keeps the gradients for {@link update}.
   *
   * @param first number of the first example in the run: what SpaCO draws is a function of it. Default 0
   * @param signal looked at between micro-batches; parameters are unchanged when it stops the work
   * @throws the signal's reason when it is aborted
   */
  async gradients(examples: readonly TrainingExample[], first = 0, signal?: AbortSignal): Promise<StepGradients> {
    const { model, encoding, executor, frequencies, window, options, packed } = this.setup
    const labelCount = countLabels(examples)
    const parameters = { ...this.frozen, ...this.#trained }
    const specs = batchSpecs(model, encoding, programShape(this.setup))
    let loss = 0
    for (let at = 0; at < examples.length; at += options.microBatch) {
      await letEventsIn(signal)
      const data = makeBatch(
        examples.slice(at, at + options.microBatch),
        window,
        labelCount,
        encoding,
        model.geometry,
        frequencies,
        packed
      )
      const batch = Object.fromEntries(
        Object.entries(data).map(([name, array]) => [name, executor.upload(specs[name], array as HostData)])
      )
      loss += await this.strategy.run(parameters, batch, at === 0, first + at)
      for (const value of Object.values(batch)) value.dispose()
    }
    return { loss }
  }

  /**
   * One AdamW step with the gradients of the last {@link gradients} call.
   *
   * @param step updates done before this one
   * @returns the gradient norm before clipping
   */
  async update(step: number, learningRate: number): Promise<number> {
    const { executor, options } = this.setup
    const { beta1, beta2, epsilon, maxGradientNorm } = options
    const numbers = {
      learningRate,
      beta1,
      beta2,
      epsilon,
      maxGradientNorm,
      gradientScale: 1,
      biasCorrection1: 1 - beta1 ** (step + 1),
      biasCorrection2: 1 - beta2 ** (step + 1)
    }
    const hyper = executor.upload(
      { shape: [adamWHyper.length], dtype: 'float32' },
      Float32Array.from(adamWHyper, name => numbers[name])
    )
    const { gradientNorm, ...state } = await this.updateProgram.run({
      ...this.state,
      ...this.strategy.gradients,
      hyper
    })
    hyper.dispose()
    this.state = { ...state }
    await this.average?.update(this.#trained, step)
    return (await executor.read(gradientNorm))[0]
  }

  /** The norm of the gradients of the last {@link gradients} call, before an update; only with a guard. */
  async gradientNorm(): Promise<number> {
    if (!this.normProgram) throw new TypeError('the trainer has no guard')
    const { gradientNorm } = await this.normProgram.run(this.strategy.gradients)
    const [norm] = await this.setup.executor.read(gradientNorm)
    return norm
  }

  /** Resets the gradient buffers: a NaN would otherwise persist, since 0 · NaN is NaN. */
  async forgetGradients(): Promise<void> {
    await this.strategy.dispose()
    this.strategy = await this.open()
  }

  /**
   * The gradients of the last {@link gradients} call, by `gradientName`, each of the shape of its parameter: on a CPU
   * the trainer's own memory, which the next call overwrites.
   */
  readGradients(): Promise<Map<string, Float32Array>> {
    return this.#readAll(this.strategy.gradients)
  }

  /**
   * All tensors of the state, by name, row-major, what is trained, moments and averages: on a CPU the trainer's own
   * memory, which the next {@link update} overwrites.
   */
  read(): Promise<Map<string, Float32Array>> {
    return this.#readAll({ ...this.state, ...this.average?.values })
  }

  /**
   * What a run gives of the trained parameters, by name, row-major, as {@link read} gives them: their averages, where
   * there are any. They are those of adapters, and of what is trained whole next to them.
   */
  async trained(): Promise<Map<string, Float32Array>> {
    const tensors = await this.#readAll(this.average?.values ?? this.#trained)
    return new Map(
      this.setup.trains.trained.map(({ name }) => [
        name,
        tensors.get(this.average ? averageName(name) : name) as Float32Array
      ])
    )
  }

  /**
   * The parameters of the model, by name, row-major, with adapters merged into their matrices; each is made when it is
   * asked for. Those that are trained are as {@link read} gives them.
   *
   * @param trained what `trained()` gives, now or at an earlier step
   */
  async weights(trained?: ReadonlyMap<string, Float32Array>): Promise<ReadonlyMap<string, Float32Array>> {
    const { model, trains } = this.setup
    return new MergedWeights(model.parameters, this.base, trained ?? (await this.trained()), trains)
  }

  async #readAll(values: Values): Promise<Map<string, Float32Array>> {
    const tensors = new Map<string, Float32Array>()
    for (const [name, value] of Object.entries(values))
      tensors.set(name, (await this.setup.executor.read(value)) as Float32Array)
    return tensors
  }

  get #trained(): Values {
    return Object.fromEntries(this.setup.trains.trained.map(({ name }) => [name, this.state[name]]))
  }

  async dispose(): Promise<void> {
    for (const value of [...Object.values(this.frozen), ...Object.values(this.state)]) value.dispose()
    await this.strategy.dispose()
    await this.average?.dispose()
    await this.normProgram?.dispose()
    await this.updateProgram.dispose()
  }
}

/** Values of parameters that stay, with the scales of those at rest; nothing writes to them. */
function uploadFrozen(
  executor: Executor,
  frozen: readonly ParameterSpec[],
  weights: ReadonlyMap<string, Weight>
): Record<string, Value> {
  const values: Record<string, Value> = {}
  const upload = (name: string, ...[spec, data]: Parameters<Executor['upload']>) =>
    (values[name] = executor.upload(spec, data, { adopt: true }))
  for (const { name, shape } of frozen) {
    const weight = weights.get(name)
    if (weight === undefined || !isStored(weight)) {
      upload(name, { shape, dtype: 'float32' }, weight)
      continue
    }
    const { codes, scales } = storedSpecs(weight.storage, shape)
    upload(name, codes, weight.codes)
    if (scales) upload(scalesName(name), scales, weight.scales)
  }
  return values
}

function demandFloats(name: string, weight: Weight): Float32Array {
  if (!isStored(weight)) return weight
  throw new SkipwiseError('TRAINING_OPTIONS', {
    problem: `'${name}' is trained, and its weights are in ${weight.storage}`,
    fix: 'keep what is trained in float32: only frozen matrices can be at rest in fewer bits'
  })
}
