import { causalAttention, type LinearBias, type tf } from '@skipwise/runtime'
import { positionEncoder } from './positions.js'
import type { BlockContext, Head, ModelDefinition, ModelGeometry, Parameters, PositionalEncoding } from './contracts.js'

/** What blocks need for whole sequences, besides the parameters. */
export interface SequenceInputs {
  /** B */
  readonly batch: number
  /** T */
  readonly length: number
  /** [B, T, R/2], twice as wide with a local RoPE: see `positionTables`. */
  readonly cos: tf.Tensor3D
  /** As `cos`. */
  readonly sin: tf.Tensor3D
  /** [B, T], float32: for an encoding with `slopes`. */
  readonly positions?: tf.Tensor2D
  /** [B, T], float32: which document of its row a token belongs to, where several are packed into a row. */
  readonly documents?: tf.Tensor2D | undefined
  /** Multiplies 1/√D. */
  readonly softmaxScale: number
}

/** What a whole-sequence forward pass needs besides the parameters. */
export interface ForwardInputs extends Omit<SequenceInputs, 'length'> {
  /** [N], int32 */
  readonly ids: tf.Tensor1D
}

/** What attention scores are multiplied by: the model's own scale times `softmaxScale`. */
export const attentionScale = ({ headDim, scoreScale }: ModelGeometry, softmaxScale: number): number =>
  scoreScale === undefined ? softmaxScale / Math.sqrt(headDim) : softmaxScale * scoreScale

/**
 * Attention of whole sequences: causal by index, positions by the tables, so that position ids may skip; documents only
 * by their ids.
 */
export function sequenceContext(
  model: ModelDefinition,
  encoding: PositionalEncoding,
  inputs: SequenceInputs
): BlockContext {
  const { batch, length, cos, sin, documents, softmaxScale } = inputs
  const scale = attentionScale(model.geometry, softmaxScale)
  const bias = linearBias(model, encoding, inputs)
  return {
    batch,
    length,
    encode: positionEncoder(encoding, model.geometry, cos, sin),
    attend: (_, query, key, value, slidingWindow) =>
      causalAttention(query, key, value, scale, {
        bias,
        slidingWindow,
        documents,
        softCap: model.geometry.scoreSoftCap
      })
  }
}

/** Hidden states after the final norm, and the output layer, for whole sequences: see {@link sequenceContext}. */
export function forward(
  model: ModelDefinition,
  encoding: PositionalEncoding,
  parameters: Parameters,
  inputs: ForwardInputs
): Head {
  const context = sequenceContext(model, encoding, { ...inputs, length: inputs.ids.shape[0] / inputs.batch })
  return model.head(parameters, runBlocks(model, parameters, inputs.ids, context))
}

/** The bias of an encoding with slopes. */
function linearBias(
  { geometry }: ModelDefinition,
  encoding: PositionalEncoding,
  { positions }: Pick<SequenceInputs, 'positions'>
): LinearBias | undefined {
  if (!encoding.slopes) return undefined
  if (!positions) throw new TypeError('an encoding with slopes needs positions')
  return { slopes: encoding.slopes(geometry.heads), positions }
}

/** Embedding and all blocks: ids [N] → [N, d] before the final norm. */
export function runBlocks(
  model: ModelDefinition,
  parameters: Parameters,
  ids: tf.Tensor1D,
  context: BlockContext
): tf.Tensor2D {
  let x = model.embed(parameters, ids)
  for (let layer = 0; layer < model.geometry.layers; layer++) x = model.block(parameters, layer, x, context)
  return x
}
