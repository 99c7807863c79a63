import type { PositionedExample, RopeFrequencies, Window } from '@skipwise/core'
import type { ModelDefinition, PositionalEncoding } from '@skipwise/nn'
import { adamWHyper, type Executor, type Program, type Value, type Values } from '@skipwise/runtime'
import { countLabels, makeBatch } from './batch.js'
import { accumulatedName, gradientName, traceLoss } from './loss-program.js'
import type { CompleteTrainingOptions } from './options.js'
import { stateTensors } from './state.js'
import { meanName, traceUpdate, varianceName } from './update-program.js'

/** What a {@link Trainer} is made of. */
export interface TrainerSetup {
  readonly model: ModelDefinition
  readonly encoding: PositionalEncoding
  readonly frequencies: RopeFrequencies
  readonly executor: Executor
  readonly window: Window
  readonly options: CompleteTrainingOptions
}

/** What {@link Trainer.gradients} reports of one batch, before the update. */
export interface StepGradients {
  /** Mean −log p of the labels that count, nats. */
  readonly loss: number
}

/** The state of a training run on a device, and its compiled programs: gradients of a batch, then an update. */
export class Trainer {
  #gradients: Values = {}

  private constructor(
    private readonly setup: TrainerSetup,
    private readonly programs: { readonly first: Program; readonly next: Program | undefined; readonly update: Program },
    private state: Record<string, Value>
  ) {}

  /** @param tensors parameters, and on resume their `mean:` and `variance:`; those that are absent start at zero */
  static async create(setup: TrainerSetup, tensors: ReadonlyMap<string, Float32Array>): Promise<Trainer> {
    const { model, encoding, executor, frequencies, window, options } = setup
    const shape = { batch: options.microBatch, length: window.original, softmaxScale: frequencies.softmaxScale }
    const names = model.parameters.map(parameter => parameter.name)
    const matrices = new Set(model.parameters.filter(parameter => parameter.shape.length > 1).map(parameter => parameter.name))
    const first = await executor.compile(traceLoss(model, encoding, shape))
    const next =
      options.microBatch < options.batch
        ? await executor.compile(traceLoss(model, encoding, { ...shape, accumulate: true }), { donate: Object.fromEntries(names.map(name => [accumulatedName(name), gradientName(name)])) })
        : undefined
    const update = await executor.compile(traceUpdate(model, gradientName, name => (matrices.has(name) ? options.weightDecay : 0)), {
      donate: Object.fromEntries(stateTensors(model).map(({ name }) => [name, name]))
    })
    const state = Object.fromEntries(stateTensors(model).map(({ name, shape }) => [name, executor.upload({ shape, dtype: 'float32' }, tensors.get(name))]))
    return new Trainer(setup, { first, next, update }, state)
  }

  /** Computes loss and gradients of one batch, micro-batch by micro-batch, and keeps the gradients for {@link update}. */
  async gradients(examples: readonly PositionedExample[]): Promise<StepGradients> {
    const { model, encoding, executor, frequencies, window, options } = this.setup, { first, next } = this.programs
    const labelCount = countLabels(examples), parameters = Object.fromEntries(model.parameters.map(({ name }) => [name, this.state[name]]))
    let loss = 0
    for (let at = 0; at < examples.length; at += options.microBatch) {
      const program = at === 0 ? first : (next as Program)
      const batch = makeBatch(examples.slice(at, at + options.microBatch), window, labelCount, encoding, frequencies)
      const inputs: Record<string, Value> = { ...parameters }
      for (const [name, data] of Object.entries(batch)) inputs[name] = executor.upload(first.graph.values[first.graph.inputs[name]], data)
      if (at > 0) for (const { name } of model.parameters) inputs[accumulatedName(name)] = this.#gradients[gradientName(name)]
      const outputs = await program.run(inputs)
      for (const name of Object.keys(batch)) inputs[name].dispose()
      loss += (await executor.read(outputs.loss))[0]
      const { loss: _, ...gradients } = outputs
      this.#gradients = gradients
    }
    return { loss }
  }

  /**
   * One AdamW step with the gradients of the last {@link gradients} call.
   *
   * @param step steps done before this one
   * @returns the gradient norm before clipping
   */
  async update(step: number, learningRate: number): Promise<number> {
    const { executor, options } = this.setup, { beta1, beta2, epsilon, maxGradientNorm } = options
    const numbers = {
      learningRate, beta1, beta2, epsilon, maxGradientNorm, gradientScale: 1,
      biasCorrection1: 1 - beta1 ** (step + 1), biasCorrection2: 1 - beta2 ** (step + 1)
    }
    const hyper = executor.upload({ shape: [adamWHyper.length], dtype: 'float32' }, Float32Array.from(adamWHyper, name => numbers[name]))
    const { gradientNorm, ...state } = await this.programs.update.run({ ...this.state, ...this.#gradients, hyper })
    hyper.dispose()
    this.state = { ...state }
    return (await executor.read(gradientNorm))[0]
  }

  /** Copies of all tensors of the state, by name. */
  async read(): Promise<Map<string, Float32Array>> {
    const tensors = new Map<string, Float32Array>()
    for (const [name, value] of Object.entries(this.state)) tensors.set(name, (await this.setup.executor.read(value)).slice() as Float32Array)
    return tensors
  }

  /** Copies of the parameters, by name. */
  async weights(): Promise<Map<string, Float32Array>> {
    const isState = new Set(this.setup.model.parameters.flatMap(({ name }) => [meanName(name), varianceName(name)]))
    return new Map([...(await this.read())].filter(([name]) => !isState.has(name)))
  }

  async dispose(): Promise<void> {
    for (const value of Object.values(this.state)) value.dispose()
    await this.programs.first.dispose()
    await this.programs.next?.dispose()
    await this.programs.update.dispose()
  }
}
