import type { RopeFrequencies } from '@skipwise/core'
import { tf } from '@skipwise/runtime'
import type { BlockContext, ModelGeometry, PositionalEncoding, PositionTables } from './contracts.js'

type RopesOfModel = Pick<ModelGeometry, 'rotaryDim' | 'localRopeBase'>

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
