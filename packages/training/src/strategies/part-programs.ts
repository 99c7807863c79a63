import type { ModelDefinition, PositionalEncoding } from '@skipwise/nn'
import { tf, trace, type CompileOptions, type Graph, type ValueSpec } from '@skipwise/runtime'
import { batchSpecs, parameterSpecs, type LossProgramOptions } from '../loss-program.js'
import { allParameters, type TrainedParameters } from '../trained-parameters.js'
import { hiddenSpec, type ModelPart } from './model-parts.js'

/** A graph and what is donated to it. */
export interface PartGraph {
  readonly graph: Graph
  readonly donate: NonNullable<CompileOptions['donate']>
}

/** Names of a part's i-th parameter and its gradient: those of no layer, so that layers share programs. */
export const partParameter = (i: number): string => `parameter:${i}`
/** Name of the gradient of a part's i-th trained parameter. */
export const partGradient = (i: number): string => `gradient:${i}`
/** The gradient so far: memory of the new one, donated. */
export const partAccumulated = (i: number): string => `accumulated:${i}`
/** Memory for the hidden states that a program gives, donated: they would else be lost at the next layer's run. */
export const SLOT = 'slot'

/** Traces the programs of parts. Inputs: parameters of the part, `x` (hidden states before it), its inputs of the batch, `slot`. */
export class PartTracer {
  readonly #hidden: ValueSpec
  readonly #parameters: Readonly<Record<string, ValueSpec>>
  readonly #batch: Readonly<Record<string, ValueSpec>>

  constructor(model: ModelDefinition, encoding: PositionalEncoding, shape: LossProgramOptions, trains: TrainedParameters) {
    this.#hidden = hiddenSpec(model, shape)
    this.#parameters = parameterSpecs(allParameters(trains))
    this.#batch = batchSpecs(model, encoding, shape)
  }

  /** Output: `y`, the hidden states after the part. */
  forward(part: ModelPart): PartGraph {
    const graph = trace(`${part.label} forward`, inputs => ({ y: part.apply(named(part, inputs), inputs.x as tf.Tensor2D, inputs) }), this.#specs(part))
    return { graph, donate: { [SLOT]: 'y' } }
  }

  /**
   * What the part was computed from, from `dy`, the gradient of its output; the part itself is computed again. Outputs: `dx`, and a gradient a trained parameter. The
   * head has no `dy` and the output `loss`, the embedding has no `dx`.
   *
   * @param accumulate whether to add to the gradient so far, by trained parameter
   */
  backward(part: ModelPart, accumulate: readonly boolean[]): PartGraph {
    const isHead = part.label === 'head', isEmbed = part.label === 'embed', count = part.trained.length
    const specs: Record<string, ValueSpec> = { ...this.#specs(part), ...(!isHead && { dy: this.#hidden }) }
    if (isEmbed) delete specs[SLOT]
    part.trained.forEach((name, i) => (specs[partAccumulated(i)] = this.#parameters[name]))
    const graph = trace(`${part.label} backward`, inputs => {
      const all = named(part, inputs), parameters = part.trained.map(name => all[name])
      const run = (...values: tf.Tensor[]) =>
        part.apply({ ...all, ...Object.fromEntries(part.trained.map((name, i) => [name, values[i]])) }, (isEmbed ? undefined : values[count]) as tf.Tensor2D, inputs)
      const of = isEmbed ? parameters : [...parameters, inputs.x]
      const { loss, gradients } = isHead ? withLoss(tf.valueAndGrads(run as (...values: tf.Tensor[]) => tf.Scalar)(of)) : { loss: {}, gradients: tf.grads(run)(of, inputs.dy) }
      const sums = parameters.map((_, i) => [partGradient(i), accumulate[i] ? tf.add(gradients[i], inputs[partAccumulated(i)]) : gradients[i]] as const)
      return { ...loss, ...(!isEmbed && { dx: gradients[count] }), ...Object.fromEntries(sums) }
    }, specs)
    const donate = Object.fromEntries(part.trained.map((_, i) => [partAccumulated(i), partGradient(i)]))
    return { graph, donate: isEmbed ? donate : { ...donate, [SLOT]: 'dx' } }
  }

  #specs(part: ModelPart): Record<string, ValueSpec> {
    return {
      ...Object.fromEntries(part.parameters.map((name, i) => [partParameter(i), this.#parameters[name]])),
      ...Object.fromEntries(part.batch.map(name => [name, this.#batch[name]])),
      ...(part.label !== 'embed' && { x: this.#hidden }),
      [SLOT]: this.#hidden
    }
  }
}

const named = (part: ModelPart, inputs: Readonly<Record<string, tf.Tensor>>) => Object.fromEntries(part.parameters.map((name, i) => [name, inputs[partParameter(i)]]))

const withLoss = ({ value, grads }: { value: tf.Tensor; grads: tf.Tensor[] }) => ({ loss: { loss: value }, gradients: grads })
