import type { PositionedExample } from '@skipwise/core'
import { adamWHyper, type Executor, type HostData, type Program, type Value, type Values } from '@skipwise/runtime'
import { countLabels, makeBatch } from './batch.js'
import { batchSpecs, gradientName } from './loss-program.js'
import type { CompleteTrainingOptions } from './options.js'
import { stateTensors } from './state.js'
import { BlockwiseStrategy } from './strategies/blockwise.js'
import type { GradientStrategy, StrategySetup } from './strategies/strategy.js'
import { WholeStrategy } from './strategies/whole.js'
import { meanName, traceUpdate, varianceName } from './update-program.js'

/** What a {@link Trainer} is made of. */
export type TrainerSetup = StrategySetup

/** What {@link Trainer.gradients} reports of one batch, before the update. */
export interface StepGradients {
  /** Mean −log p of the labels that count, nats. */
  readonly loss: number
}

const strategies: Readonly<Record<CompleteTrainingOptions['strategy'], (setup: StrategySetup) => Promise<GradientStrategy>>> = {
  whole: setup => WholeStrategy.create(setup),
  blockwise: setup => BlockwiseStrategy.create(setup)
}

/** The state of a training run on a device, and its compiled programs: gradients of a batch, then an update. */
export class Trainer {
  private constructor(private readonly setup: TrainerSetup, private readonly strategy: GradientStrategy, private readonly updateProgram: Program, private state: Record<string, Value>) {}

  /** @param tensors parameters, and on resume their `mean:` and `variance:`; those that are absent start at zero */
  static async create(setup: TrainerSetup, tensors: ReadonlyMap<string, Float32Array>): Promise<Trainer> {
    const { model, executor, options } = setup
    const matrices = new Set(model.parameters.filter(parameter => parameter.shape.length > 1).map(parameter => parameter.name))
    const strategy = await strategies[options.strategy](setup)
    const update = await executor.compile(traceUpdate(model, gradientName, name => (matrices.has(name) ? options.weightDecay : 0)), {
      donate: Object.fromEntries(stateTensors(model).map(({ name }) => [name, name]))
    })
    const state = Object.fromEntries(stateTensors(model).map(({ name, shape }) => [name, executor.upload({ shape, dtype: 'float32' }, tensors.get(name))]))
    return new Trainer(setup, strategy, update, state)
  }

  /** Computes loss and gradients of one batch, micro-batch by micro-batch, and keeps the gradients for {@link update}. */
  async gradients(examples: readonly PositionedExample[]): Promise<StepGradients> {
    const { model, encoding, executor, frequencies, window, options } = this.setup
    const labelCount = countLabels(examples), parameters = Object.fromEntries(model.parameters.map(({ name }) => [name, this.state[name]]))
    const specs = batchSpecs(model, encoding, { batch: options.microBatch, length: window.original })
    let loss = 0
    for (let at = 0; at < examples.length; at += options.microBatch) {
      const data = makeBatch(examples.slice(at, at + options.microBatch), window, labelCount, encoding, frequencies)
      const batch = Object.fromEntries(Object.entries(data).map(([name, array]) => [name, executor.upload(specs[name], array as HostData)]))
      loss += await this.strategy.run(parameters, batch, at === 0)
      for (const value of Object.values(batch)) value.dispose()
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
    const { gradientNorm, ...state } = await this.updateProgram.run({ ...this.state, ...this.strategy.gradients, hyper })
    hyper.dispose()
    this.state = { ...state }
    return (await executor.read(gradientNorm))[0]
  }

  /** Copies of the gradients of the last {@link gradients} call, by `gradientName`. */
  async readGradients(): Promise<Map<string, Float32Array>> {
    return copies(this.setup.executor, this.strategy.gradients)
  }

  /** Copies of all tensors of the state, by name. */
  async read(): Promise<Map<string, Float32Array>> {
    return copies(this.setup.executor, this.state)
  }

  /** Copies of the parameters, by name. */
  async weights(): Promise<Map<string, Float32Array>> {
    const isState = new Set(this.setup.model.parameters.flatMap(({ name }) => [meanName(name), varianceName(name)]))
    return new Map([...(await this.read())].filter(([name]) => !isState.has(name)))
  }

  async dispose(): Promise<void> {
    for (const value of Object.values(this.state)) value.dispose()
    await this.strategy.dispose()
    await this.updateProgram.dispose()
  }
}

async function copies(executor: Executor, values: Values): Promise<Map<string, Float32Array>> {
  const tensors = new Map<string, Float32Array>()
  for (const [name, value] of Object.entries(values)) tensors.set(name, (await executor.read(value)).slice() as Float32Array)
  return tensors
}
