import type { ModelDefinition, PositionalEncoding } from '@skipwise/nn'
import {
  scalesName,
  storeWeights,
  tf,
  trace,
  type CompileOptions,
  type Graph,
  type StorageName,
  type Value,
  type Values,
  type ValueSpec
} from '@skipwise/runtime'
import { accumulateGradient, batchSpecs, KEEP, parameterSpecs, type LossProgramOptions } from '../loss-program.js'
import { allParameters, type TrainedParameters } from '../trained-parameters.js'
import { hiddenSpec, type NetworkPart } from './network-parts.js'

/** A graph and what is donated to it. */
export interface PartGraph {
  readonly graph: Graph
  readonly donate: NonNullable<CompileOptions['donate']>
}

/** What becomes of the gradient so far: it is overwritten, added to, or added to if `keep` is 1. */
export type Accumulation = 'begin' | 'add' | 'keep'

/** Names of a part's i-th parameter and its gradient: those of no layer, so that layers share programs. */
const partParameter = (i: number): string => `parameter:${i}`
/** The parameters of a part, by the names that its programs give them, with the scales of those at rest. */
export const partParameters = ({ parameters }: NetworkPart, values: Values): Record<string, Value> =>
  Object.fromEntries(
    parameters.flatMap((name, i) => {
      const scales = values[scalesName(name)]
      const own = [partParameter(i), values[name]] as const
      return scales === undefined ? [own] : [own, [scalesName(partParameter(i)), scales] as const]
    })
  )

/** Name of the gradient of a part's i-th trained parameter. */
export const partGradient = (i: number): string => `gradient:${i}`
/** The gradient so far: memory of the new one, donated. */
export const partAccumulated = (i: number): string => `accumulated:${i}`
/** Memory for the hidden states that a program gives, donated: they would else be lost at the next layer's run. */
export const SLOT = 'slot'

/**
 * Traces the programs of parts. Inputs: parameters of the part, `x` (hidden states before it), its inputs of the batch,
 * `slot`.
 */
export class PartTracer {
  readonly #hidden: ValueSpec
  readonly #parameters: Readonly<Record<string, ValueSpec>>
  readonly #batch: Readonly<Record<string, ValueSpec>>

  constructor(
    model: ModelDefinition,
    encoding: PositionalEncoding,
    shape: LossProgramOptions,
    trains: TrainedParameters,
    private readonly stored: ReadonlyMap<string, StorageName> = new Map()
  ) {
    this.#hidden = hiddenSpec(model, shape)
    this.#parameters = parameterSpecs(allParameters(trains))
    this.#batch = batchSpecs(model, encoding, shape)
  }

  /** Output: `y`, the hidden states after the part. */
  forward(part: NetworkPart): PartGraph {
    const graph = trace(
      `${part.label} forward`,
      inputs => ({ y: part.apply(named(part, inputs), inputs.x as tf.Tensor2D, inputs) }),
      this.#specs(part)
    )
    return { graph: this.#withStored(part, graph), donate: { [SLOT]: 'y' } }
  }

  /**
   * Gradients of the part's input, `dx`, and of its trained parameters from that of its output, `dy`; what is between
   * them is computed again. The head has no `dy` and the output `loss`, the embedding has no `dx`.
   */
  backward(part: NetworkPart, accumulate: readonly Accumulation[]): PartGraph {
    const isHead = part.label === 'head'
    const isEmbed = part.label === 'embed'
    const count = part.trained.length
    const specs: Record<string, ValueSpec> = { ...this.#specs(part), ...(!isHead && { dy: this.#hidden }) }
    if (isEmbed) delete specs[SLOT]
    if (accumulate.includes('keep')) specs[KEEP] = { shape: [], dtype: 'float32' }
    part.trained.forEach((name, i) => (specs[partAccumulated(i)] = this.#parameters[name]))
    const graph = trace(
      `${part.label} backward`,
      inputs => {
        const all = named(part, inputs)
        const parameters = part.trained.map(name => all[name])
        const run = (...values: tf.Tensor[]) =>
          part.apply(
            { ...all, ...Object.fromEntries(part.trained.map((name, i) => [name, values[i]])) },
            (isEmbed ? undefined : values[count]) as tf.Tensor2D,
            inputs
          )
        const of = isEmbed ? parameters : [...parameters, inputs.x]
        const { loss, gradients } = isHead
          ? withLoss(tf.valueAndGrads(run as (...values: tf.Tensor[]) => tf.Scalar)(of))
          : { loss: {}, gradients: tf.grads(run)(of, inputs.dy) }
        const sums = parameters.map((_, i) => {
          const before = inputs[partAccumulated(i)]
          const gradient = gradients[i]
          return [
            partGradient(i),
            {
              begin: () => gradient,
              add: () => tf.add(gradient, before),
              keep: () => accumulateGradient(gradient, before, inputs[KEEP])
            }[accumulate[i]]()
          ] as const
        })
        return { ...loss, ...(!isEmbed && { dx: gradients[count] }), ...Object.fromEntries(sums) }
      },
      specs
    )
    const donate = Object.fromEntries(part.trained.map((_, i) => [partAccumulated(i), partGradient(i)]))
    return { graph: this.#withStored(part, graph), donate: isEmbed ? donate : { ...donate, [SLOT]: 'dx' } }
  }

  #withStored({ parameters }: NetworkPart, graph: Graph): Graph {
    const storages = parameters.flatMap((name, i) => {
      const storage = this.stored.get(name)
      return storage === undefined ? [] : [[partParameter(i), storage] as const]
    })
    return storeWeights(graph, new Map(storages))
  }

  #specs(part: NetworkPart): Record<string, ValueSpec> {
    return {
      ...Object.fromEntries(part.parameters.map((name, i) => [partParameter(i), this.#parameters[name]])),
      ...Object.fromEntries(part.batch.map(name => [name, this.#batch[name]])),
      ...(part.label !== 'embed' && { x: this.#hidden }),
      [SLOT]: this.#hidden
    }
  }
}

const named = (part: NetworkPart, inputs: Readonly<Record<string, tf.Tensor>>) =>
  Object.fromEntries(part.parameters.map((name, i) => [name, inputs[partParameter(i)]]))

const withLoss = ({ value, grads }: { value: tf.Tensor; grads: tf.Tensor[] }) => ({
  loss: { loss: value },
  gradients: grads
})
