import type { Program, Value, Values } from '@skipwise/runtime'
import { accumulatedName, gradientName, traceLoss } from '../loss-program.js'
import { programShape, type GradientStrategy, type StrategySetup } from './strategy.js'

/** The whole model as one program a micro-batch: the fastest, with the activations of all layers kept until its backward pass. */
export class WholeStrategy implements GradientStrategy {
  gradients: Values = {}

  private constructor(private readonly setup: StrategySetup, private readonly first: Program, private readonly next: Program | undefined) {}

  static async create(setup: StrategySetup): Promise<WholeStrategy> {
    const { model, encoding, executor, options, trains } = setup, shape = programShape(setup)
    const donate = Object.fromEntries(trains.trained.map(({ name }) => [accumulatedName(name), gradientName(name)]))
    const first = await executor.compile(traceLoss(model, encoding, shape))
    const next = options.microBatch < options.batch ? await executor.compile(traceLoss(model, encoding, { ...shape, accumulate: true }), { donate }) : undefined
    return new WholeStrategy(setup, first, next)
  }

  async run(parameters: Values, batch: Values, begin: boolean): Promise<number> {
    const { trains, executor } = this.setup, inputs: Record<string, Value> = { ...parameters, ...batch }
    if (!begin) for (const { name } of trains.trained) inputs[accumulatedName(name)] = this.gradients[gradientName(name)]
    const { loss, ...gradients } = await (begin ? this.first : (this.next as Program)).run(inputs)
    this.gradients = gradients
    return (await executor.read(loss))[0]
  }

  async dispose(): Promise<void> {
    await this.first.dispose()
    await this.next?.dispose()
  }
}
