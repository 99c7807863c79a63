import type { Program, Value, Values } from '@skipwise/runtime'
import { gradientName, parameterSpecs } from '../loss-program.js'
import { graphKey } from './graph-key.js'
import { hiddenSpec, partsOf, type ModelPart } from './model-parts.js'
import { partAccumulated, partGradient, partParameter, PartTracer, SLOT, type PartGraph } from './part-programs.js'
import { programShape, type GradientStrategy, type StrategySetup } from './strategy.js'

/** Programs of a part. */
interface PartPrograms {
  readonly part: ModelPart
  /** The head's forward pass is in its backward pass. */
  readonly forward: Program | undefined
  /** Gradients of a first micro-batch, and of those after it; none where nothing is trained in the part and below it. */
  readonly backward: { readonly first: Program; readonly next: Program } | undefined
}

/**
 * The model part by part: hidden states between layers are kept, everything inside a layer is computed again in its backward pass (Chen et al.
 * 2016, arXiv 1604.06174). Activations in memory: one hidden state a layer, and one layer. Layers of one shape share their programs.
 *
 * Hidden states are in `slots`: slot l holds the input of layer l, slot L that of the head. Backward, the input of layer l + 1 is not
 * needed any more when layer l is reached: the gradient that leaves layer l takes its place.
 */
export class BlockwiseStrategy implements GradientStrategy {
  gradients: Values

  private constructor(
    private readonly setup: StrategySetup,
    private readonly programs: { readonly embed: PartPrograms; readonly blocks: readonly PartPrograms[]; readonly head: PartPrograms },
    private readonly compiled: ReadonlyMap<string, Program>,
    private readonly slots: Value[],
    gradients: Values
  ) {
    this.gradients = gradients
  }

  static async create(setup: StrategySetup): Promise<BlockwiseStrategy> {
    const { model, encoding, executor, options, trains } = setup, shape = programShape(setup)
    const parts = partsOf(model, encoding, shape, trains), tracer = new PartTracer(model, encoding, shape, trains), compiled = new Map<string, Program>()
    const compile = async ({ graph, donate }: PartGraph) => {
      const key = graphKey(graph), known = compiled.get(key)
      if (known) return known
      const program = await executor.compile(graph, { donate })
      compiled.set(key, program)
      return program
    }
    const below = [parts.embed, ...parts.blocks], lowest = below.findIndex(({ trained }) => trained.length > 0)
    // in the order of the backward pass: a parameter of two parts (tied embeddings) is added to by the second
    const given = new Set<string>(), programsOf = async (part: ModelPart): Promise<PartPrograms> => {
      const again = part.trained.map(name => given.has(name))
      for (const name of part.trained) given.add(name)
      const forward = part.label === 'head' ? undefined : await compile(tracer.forward(part))
      if (part.label !== 'head' && (lowest < 0 || below.indexOf(part) < lowest)) return { part, forward, backward: undefined }
      const first = await compile(tracer.backward(part, again))
      return { part, forward, backward: { first, next: options.microBatch < options.batch ? await compile(tracer.backward(part, again.map(() => true))) : first } }
    }
    const head = await programsOf(parts.head), blocks: PartPrograms[] = []
    for (const block of [...parts.blocks].reverse()) blocks.unshift(await programsOf(block))
    const embed = await programsOf(parts.embed)
    const slots = Array.from({ length: model.geometry.layers + 2 }, () => executor.upload(hiddenSpec(model, shape)))
    const gradients = Object.fromEntries(Object.entries(parameterSpecs({ parameters: trains.trained })).map(([name, spec]) => [gradientName(name), executor.upload(spec)]))
    return new BlockwiseStrategy(setup, { embed, blocks, head }, compiled, slots, gradients)
  }

  async run(parameters: Values, batch: Values, begin: boolean): Promise<number> {
    const { embed, blocks, head } = this.programs, L = blocks.length, { slots } = this
    const forward = async ({ part, forward }: PartPrograms, to: number) => {
      const x = part.label === 'embed' ? {} : { x: slots[to - 1] }
      slots[to] = (await (forward as Program).run({ ...inputsOf(part, parameters, batch), ...x, [SLOT]: slots[to] })).y
    }
    await forward(embed, 0)
    for (let layer = 0; layer < L; layer++) await forward(blocks[layer], layer + 1)

    const gradients: Record<string, Value> = { ...this.gradients }
    const backward = async ({ part, backward }: PartPrograms, more: Values) => {
      const accumulated = Object.fromEntries(part.trained.map((name, i) => [partAccumulated(i), gradients[gradientName(name)]]))
      const outputs = await (backward as NonNullable<typeof backward>)[begin ? 'first' : 'next'].run({ ...inputsOf(part, parameters, batch), ...accumulated, ...more })
      part.trained.forEach((name, i) => (gradients[gradientName(name)] = outputs[partGradient(i)]))
      return outputs
    }
    const { loss, dx } = await backward(head, { x: slots[L], [SLOT]: slots[L + 1] })
    slots[L + 1] = dx
    for (let layer = L - 1; layer >= 0 && blocks[layer].backward; layer--) slots[layer + 1] = (await backward(blocks[layer], { x: slots[layer], dy: slots[layer + 2], [SLOT]: slots[layer + 1] })).dx
    if (embed.backward) await backward(embed, { dy: slots[1] })
    this.gradients = gradients
    return (await this.setup.executor.read(loss))[0]
  }

  async dispose(): Promise<void> {
    for (const value of [...this.slots, ...Object.values(this.gradients)]) value.dispose()
    for (const program of this.compiled.values()) await program.dispose()
  }
}

const inputsOf = (part: ModelPart, parameters: Values, batch: Values): Record<string, Value> => ({
  ...Object.fromEntries(part.parameters.map((name, i) => [partParameter(i), parameters[name]])),
  ...Object.fromEntries(part.batch.map(name => [name, batch[name]]))
})
