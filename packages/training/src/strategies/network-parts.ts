import { sequenceContext, type ModelDefinition, type PositionalEncoding } from '@skipwise/nn'
import { trace, type Graph, type tf, type ValueSpec } from '@skipwise/runtime'
import { batchSpecs, parameterSpecs, weightedLoss, type LossProgramOptions } from '../loss-program.js'
import { allParameters, scaleAdapters, type TrainedParameters } from '../trained-parameters.js'

type Tensors = Readonly<Record<string, tf.Tensor>>

/** A part of a model: from hidden states, or ids, to hidden states, or the loss. */
export interface NetworkPart {
  readonly label: 'embed' | 'block' | 'head'
  /** Parameters that it reads, in one order. */
  readonly parameters: readonly string[]
  /** Those of them that have a gradient. */
  readonly trained: readonly string[]
  /** Inputs of a batch that it reads: see `batchSpecs`. */
  readonly batch: readonly string[]
  /**
   * Hidden states before it, [N, d], to hidden states after it; the embedding ignores its `x`, the head returns the
   * loss.
   */
  apply(parameters: Tensors, x: tf.Tensor2D, batch: Tensors): tf.Tensor
}

/** A model cut at its hidden states. */
export interface NetworkParts {
  readonly embed: NetworkPart
  /** One a layer. */
  readonly blocks: readonly NetworkPart[]
  readonly head: NetworkPart
}

/** Cuts a model at its hidden states. Which parameters a part reads is found by tracing it. */
export function partsOf(
  model: ModelDefinition,
  encoding: PositionalEncoding,
  shape: LossProgramOptions,
  trains: TrainedParameters
): NetworkParts {
  const { batch, length, softmaxScale } = shape
  const batchInputs = batchSpecs(model, encoding, shape)
  const { parameters } = allParameters(trains)
  const trained = new Set(trains.trained.map(({ name }) => name))
  const specs = { ...parameterSpecs({ parameters }), ...batchInputs, x: hiddenSpec(model, shape) }
  const part = (label: NetworkPart['label'], define: NetworkPart['apply']): NetworkPart => {
    const apply: NetworkPart['apply'] = (given, x, inputs) => define(scaleAdapters(given, trains), x, inputs)
    const read = inputsRead(trace(label, inputs => ({ y: apply(inputs, inputs.x as tf.Tensor2D, inputs) }), specs))
    const names = parameters.map(({ name }) => name).filter(name => read.has(name))
    return {
      label,
      parameters: names,
      trained: names.filter(name => trained.has(name)),
      batch: Object.keys(batchInputs).filter(name => read.has(name)),
      apply
    }
  }
  return {
    embed: part('embed', (parameters, _, { ids }) => model.embed(parameters, ids as tf.Tensor1D)),
    blocks: Array.from({ length: model.geometry.layers }, (_, layer) =>
      part('block', (parameters, x, { cos, sin, positions, documents }) =>
        model.block(
          parameters,
          layer,
          x,
          sequenceContext(model, encoding, {
            batch,
            length,
            softmaxScale,
            cos: cos as tf.Tensor3D,
            sin: sin as tf.Tensor3D,
            positions: positions as tf.Tensor2D,
            documents: documents as tf.Tensor2D | undefined
          })
        )
      )
    ),
    head: part('head', (parameters, x, inputs) => weightedLoss(model.head(parameters, x), inputs))
  }
}

/** Spec of hidden states, [N, d]. */
export const hiddenSpec = (
  { geometry }: ModelDefinition,
  { batch, length }: Pick<LossProgramOptions, 'batch' | 'length'>
): ValueSpec => ({ shape: [batch * length, geometry.hiddenSize], dtype: 'float32' })

/** Names of the inputs that a node of the graph reads. */
function inputsRead({ inputs, nodes }: Graph): Set<string> {
  const read = new Set(nodes.flatMap(node => Object.values(node.inputs)))
  return new Set(Object.keys(inputs).filter(name => read.has(inputs[name])))
}
