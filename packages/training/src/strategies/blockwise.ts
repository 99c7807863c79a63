import { bytesOf, type Graph, type Program, type Value, type Values } from '@skipwise/runtime'
import { gradientName, KEEP } from '../loss-program.js'
import { hiddenSpec, partsOf, type NetworkPart } from './network-parts.js'
import { partAccumulated, partGradient, partParameters, PartTracer, SLOT, type PartGraph } from './part-programs.js'
import {
  programShape,
  temporariesOf,
  zeroGradients,
  type GradientStrategy,
  type PreparedStrategy,
  type StrategySetup
} from './strategy.js'

/** Equal for graphs that compute the same: they can share a program. */
const graphKey = ({ values, inputs, nodes, outputs, constants }: Graph): string =>
  JSON.stringify([values, inputs, nodes, outputs, [...constants].map(([id, data]) => [id, [...data]])])

/** A part with what computes it; the head's forward pass is in its backward pass. */
interface LayerPass<Runs> {
  readonly part: NetworkPart
  readonly forward: Runs | undefined
  /** None where nothing is trained in the part and below it. */
  readonly backward: Runs | undefined
}

/** The passes of a model. */
interface Passes<Runs> {
  readonly embed: LayerPass<Runs>
  readonly blocks: readonly LayerPass<Runs>[]
  readonly head: LayerPass<Runs>
}

/**
 * The model part by part: hidden states between layers are kept, everything inside a layer is computed again in its
 * backward pass (Chen et al. 2016, arXiv 1604.06174). Activations in memory: one hidden state a layer, and one layer.
 * Layers of one shape share their programs.
 */
export function prepareBlockwise(setup: StrategySetup): PreparedStrategy {
  const { model, encoding, executor, trains } = setup
  const shape = programShape(setup)
  const graphs = new Map<string, PartGraph>()
  const unique = (made: PartGraph): PartGraph => {
    const key = graphKey(made.graph)
    const known = graphs.get(key)
    if (!known) graphs.set(key, made)
    return known ?? made
  }
  const parts = partsOf(model, encoding, shape, trains)
  const tracer = new PartTracer(model, encoding, shape, trains, setup.stored)
  // in the order of the backward pass: to a parameter of two parts (tied embeddings), the second adds what the first
  // began
  const begun = new Set<string>()
  const below = [parts.embed, ...parts.blocks]
  const lowest = below.findIndex(({ trained }) => trained.length > 0)
  const passOf = (part: NetworkPart): LayerPass<PartGraph> => {
    const isNeeded = part.label === 'head' || (lowest >= 0 && below.indexOf(part) >= lowest)
    const accumulate = part.trained.map(name => (begun.has(name) ? 'add' : shape.accumulate ? 'keep' : 'begin'))
    for (const name of part.trained) begun.add(name)
    return {
      part,
      forward: part.label === 'head' ? undefined : unique(tracer.forward(part)),
      backward: isNeeded ? unique(tracer.backward(part, accumulate)) : undefined
    }
  }
  const head = passOf(parts.head)
  const blocks = [...parts.blocks].reverse().map(passOf).reverse()
  const embed = passOf(parts.embed)
  const slot = hiddenSpec(model, shape)
  const slots = model.geometry.layers + 2
  return {
    activations: () =>
      slots * bytesOf(slot) +
      temporariesOf(
        setup,
        [...graphs.values()].map(({ graph }) => graph)
      ),
    async open() {
      const programs = new Map<Graph, Program>()
      for (const { graph, donate } of graphs.values()) programs.set(graph, await executor.compile(graph, { donate }))
      const compiled = ({ part, forward, backward }: LayerPass<PartGraph>): LayerPass<Program> => ({
        part,
        forward: forward && programs.get(forward.graph),
        backward: backward && programs.get(backward.graph)
      })
      const passes = { embed: compiled(embed), blocks: blocks.map(compiled), head: compiled(head) }
      return new BlockwiseStrategy(
        setup,
        passes,
        [...programs.values()],
        Array.from({ length: slots }, () => executor.upload(slot)),
        zeroGradients(setup)
      )
    }
  }
}

/**
 * Hidden states are in `slots`: slot l holds the input of layer l, slot L that of the head. Backward, the input of
 * layer l + 1 is not needed any more when layer l is reached: the gradient that leaves layer l takes its place.
 */
class BlockwiseStrategy implements GradientStrategy {
  constructor(
    private readonly setup: StrategySetup,
    private readonly passes: Passes<Program>,
    private readonly programs: readonly Program[],
    private readonly slots: Value[],
    public gradients: Record<string, Value>
  ) {}

  async run(parameters: Values, batch: Values, begin: boolean): Promise<number> {
    const { executor } = this.setup
    const { embed, blocks, head } = this.passes
    const L = blocks.length
    const { slots, gradients } = this
    const keep = executor.upload({ shape: [], dtype: 'float32' }, Float32Array.of(begin ? 0 : 1))
    const inputsOf = (part: NetworkPart): Record<string, Value> => ({
      ...partParameters(part, parameters),
      ...Object.fromEntries(part.batch.map(name => [name, batch[name]]))
    })
    const forward = async ({ part, forward }: LayerPass<Program>, to: number, more: Values) => {
      slots[to] = (await (forward as Program).run({ ...inputsOf(part), ...more, [SLOT]: slots[to] })).y
    }
    const backward = async ({ part, backward }: LayerPass<Program>, more: Values) => {
      const program = backward as Program
      const accumulated = Object.fromEntries(
        part.trained.map((name, i) => [partAccumulated(i), gradients[gradientName(name)]])
      )
      const outputs = await program.run({
        ...inputsOf(part),
        ...accumulated,
        ...more,
        ...(KEEP in program.graph.inputs && { [KEEP]: keep })
      })
      part.trained.forEach((name, i) => (gradients[gradientName(name)] = outputs[partGradient(i)]))
      return outputs
    }
    await forward(embed, 0, {})
    for (let layer = 0; layer < L; layer++) await forward(blocks[layer], layer + 1, { x: slots[layer] })
    const { loss, dx } = await backward(head, { x: slots[L], [SLOT]: slots[L + 1] })
    slots[L + 1] = dx
    for (let layer = L - 1; layer >= 0 && blocks[layer].backward; layer--)
      slots[layer + 1] = (
        await backward(blocks[layer], { x: slots[layer], dy: slots[layer + 2], [SLOT]: slots[layer + 1] })
      ).dx
    if (embed.backward) await backward(embed, { dy: slots[1] })
    keep.dispose()
    return (await executor.read(loss))[0]
  }

  async dispose(): Promise<void> {
    for (const value of [...this.slots, ...Object.values(this.gradients)]) value.dispose()
    for (const program of this.programs) await program.dispose()
  }
}
