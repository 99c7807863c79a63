import type { Program, Value, Values } from '@skipwise/runtime'
import { accumulatedName, gradientName, KEEP, traceLoss } from '../loss-program.js'
import {
  programShape,
  temporariesOf,
  withStored,
  zeroGradients,
  type GradientStrategy,
  type PreparedStrategy,
  type StrategySetup
} from './strategy.js'

/**
 * The whole model as one program a micro-batch: the fastest, with the activations of all layers kept until its backward
 * pass.
 */
export function prepareWhole(setup: StrategySetup): PreparedStrategy {
  const { model, encoding, executor, trains } = setup
  const shape = programShape(setup)
  const graph = withStored(setup, traceLoss(model, encoding, shape))
  const donate = shape.accumulate
    ? Object.fromEntries(trains.trained.map(({ name }) => [accumulatedName(name), gradientName(name)]))
    : {}
  return {
    activations: () => temporariesOf(setup, [graph]),
    open: async () =>
      new WholeStrategy(setup, await executor.compile(graph, { donate }), shape.accumulate ? zeroGradients(setup) : {})
  }
}

class WholeStrategy implements GradientStrategy {
  constructor(
    private readonly setup: StrategySetup,
    private readonly program: Program,
    public gradients: Values
  ) {}

  async run(parameters: Values, batch: Values, begin: boolean): Promise<number> {
    const { trains, executor } = this.setup
    const inputs: Record<string, Value> = { ...parameters, ...batch }
    if (KEEP in this.program.graph.inputs) {
      inputs[KEEP] = executor.upload({ shape: [], dtype: 'float32' }, Float32Array.of(begin ? 0 : 1))
      for (const { name } of trains.trained) inputs[accumulatedName(name)] = this.gradients[gradientName(name)]
    }
    const { loss, ...gradients } = await this.program.run(inputs)
    inputs[KEEP]?.dispose()
    this.gradients = gradients
    return (await executor.read(loss))[0]
  }

  async dispose(): Promise<void> {
    if (KEEP in this.program.graph.inputs) for (const value of Object.values(this.gradients)) value.dispose()
    await this.program.dispose()
  }
}
