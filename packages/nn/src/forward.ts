import type { RopeFrequencies } from '@skipwise/core'
import { causalAttention, tf, type LinearBias } from '@skipwise/runtime'
import type {
  BlockContext,
  Head,
  ModelDefinition,
  ModelGeometry,
  Parameters,
  PositionalEncoding,
  PositionTables
} from './contracts.js'

/** What blocks need for whole sequences, besides the parameters. */
export interface SequenceInputs {
  /** B */
  readonly batch: number
  /** T */
  readonly length: number
  /** [B, T, R/2], twice as wide with a local RoPE: see `positionTables`. */
  readonly cos: tf.Tensor3D
  /** [B, T, R/2], as `cos`. */
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

/** What the tables of a model depend on. */
export type RopesOfModel = Pick<ModelGeometry, 'rotaryDim' | 'localRopeBase'>

/** Columns of the tables of a model: R/2, twice as many where some layers have a local RoPE. */
export const tableWidth = ({ rotaryDim, localRopeBase }: RopesOfModel): number =>
  (rotaryDim / 2) * (localRopeBase === undefined ? 1 : 2)

/**
 * The tables of a model's positions. Columns of a local RoPE follow those of the scheme; no scheme changes them.
 *
 * @param positionIds [N]
 * @param frequencies of the layers without a local RoPE
 * @returns cos and sin [N, {@link tableWidth}]
 */
export function positionTables(
  encoding: PositionalEncoding,
  geometry: RopesOfModel,
  positionIds: Int32Array,
  frequencies: RopeFrequencies
): PositionTables {
  const tables = encoding.tables(positionIds, frequencies)
  if (geometry.localRopeBase === undefined) return tables
  const local = encoding.tables(positionIds, localFrequencies(geometry.rotaryDim, geometry.localRopeBase))
  const columns = geometry.rotaryDim / 2
  return {
    ...tables,
    cos: sideBySide(tables.cos, local.cos, columns),
    sin: sideBySide(tables.sin, local.sin, columns)
  }
}

/** Encodes queries and keys by the tables of {@link positionTables}, cos and sin [B, T, {@link tableWidth}]. */
export function positionEncoder(
  encoding: PositionalEncoding,
  geometry: RopesOfModel,
  cos: tf.Tensor3D,
  sin: tf.Tensor3D
): BlockContext['encode'] {
  const { rotaryDim, localRopeBase } = geometry
  if (localRopeBase === undefined) return (x, role) => encoding.apply(x, cos, sin, role)
  const columns = rotaryDim / 2
  const [batch, length] = cos.shape
  const part = (table: tf.Tensor3D, at: number) => tf.slice(table, [0, 0, at], [batch, length, columns])
  const [scaled, local] = [0, columns].map(at => [part(cos, at), part(sin, at)] as const)
  return (x, role, isLocal = false) => encoding.apply(x, ...(isLocal ? local : scaled), role)
}

/** One object for each RoPE: encodings keep what they compute of it. */
const known = new Map<string, RopeFrequencies>()

function localFrequencies(rotaryDim: number, base: number): RopeFrequencies {
  const key = `${rotaryDim} ${base}`
  const found = known.get(key)
  if (found) return found
  const frequencies: RopeFrequencies = {
    inverseFrequencies: Float64Array.from({ length: rotaryDim / 2 }, (_, i) => base ** ((-2 * i) / rotaryDim)),
    attentionFactor: 1,
    softmaxScale: 1
  }
  known.set(key, frequencies)
  return frequencies
}

/** Rows of two tables, one after the other. */
function sideBySide(left: Float32Array, right: Float32Array, columns: number): Float32Array {
  const both = new Float32Array(left.length + right.length)
  for (let at = 0; at < left.length; at += columns) {
    both.set(left.subarray(at, at + columns), 2 * at)
    both.set(right.subarray(at, at + columns), 2 * at + columns)
  }
  return both
}
