// The same mathematics over rows of plain numbers, in float64: what the tensor functions are compared with.
import { randomStream } from '@skipwise/core'
import { tf } from '@skipwise/runtime'

/** A matrix as rows. */
export type Rows = readonly (readonly number[])[]

export const dot = (a: readonly number[], b: readonly number[]): number =>
  a.reduce((sum, value, i) => sum + value * b[i], 0)

/** x · weightᵀ + bias. */
export const plainLinear = (x: Rows, weight: Rows, bias?: readonly number[]): number[][] =>
  x.map(row => weight.map((out, o) => dot(row, out) + (bias?.[o] ?? 0)))

const silu = (g: number) => g / (1 + Math.exp(-g))

/** down(silu(gate(x)) · up(x)). */
export function plainGatedMlp(x: Rows, gate: Rows, up: Rows, down: Rows): number[][] {
  const gates = plainLinear(x, gate)
  const ups = plainLinear(x, up)
  return plainLinear(
    gates.map((row, n) => row.map((g, f) => silu(g) * ups[n][f])),
    down
  )
}

/** Turns dimension i with i + D/2 by position · frequency. */
export function plainRotate(
  head: readonly number[],
  position: number,
  inverseFrequencies: readonly number[]
): number[] {
  const half = inverseFrequencies.length
  return head.map((value, i) => {
    const angle = position * inverseFrequencies[i % half]
    const partner = i < half ? -head[i + half] : head[i - half]
    return value * Math.cos(angle) + partner * Math.sin(angle)
  })
}

/** What {@link plainAttention} takes. */
export interface PlainAttention {
  /** Rows of one sequence, [T][H·D] or [T][K·D]. */
  readonly query: Rows
  readonly key: Rows
  readonly value: Rows
  readonly heads: number
  readonly keyValueHeads: number
  readonly scale: number
  /** Encodes one head of the token at index t. */
  readonly encode: (head: readonly number[], t: number) => readonly number[]
  /** Added to the score of head h for the query at index t and the key at index s. */
  readonly bias?: (h: number, t: number, s: number) => number
  /** Tokens that a token attends to, itself included. */
  readonly slidingWindow?: number
}

/** Causal attention of one sequence: token by token, head by head. [T][H·D] */
export function plainAttention({
  query,
  key,
  value,
  heads,
  keyValueHeads,
  scale,
  encode,
  bias = () => 0,
  slidingWindow = Infinity
}: PlainAttention): number[][] {
  const D = query[0].length / heads
  const headOf = (row: readonly number[], h: number) => row.slice(h * D, (h + 1) * D)
  return query.map((row, t) =>
    Array.from({ length: heads }, (_, h) => {
      const shared = Math.floor((h * keyValueHeads) / heads)
      const q = encode(headOf(row, h), t)
      const scores = key
        .slice(0, t + 1)
        .map((keyRow, s) =>
          t - s < slidingWindow ? Math.exp(scale * dot(q, encode(headOf(keyRow, shared), s)) + bias(h, t, s)) : 0
        )
      const total = scores.reduce((sum, score) => sum + score)
      return Array.from(
        { length: D },
        (_, i) => scores.reduce((sum, score, s) => sum + score * value[s][shared * D + i], 0) / total
      )
    }).flat()
  )
}

/** Seeded rows of standard normal numbers times `scale`, rounded to float32 so that both sides see the same. */
export function randomRows(name: string, rows: number, columns: number, scale = 0.5): number[][] {
  const random = randomStream({ seed: 0, stream: name })
  return Array.from({ length: rows }, () => Array.from({ length: columns }, () => Math.fround(scale * random.normal())))
}

export const tensor = (rows: Rows): tf.Tensor2D => tf.tensor2d(rows.map(row => [...row]))

/** Largest difference of a tensor and rows. */
export function difference(actual: tf.Tensor, expected: Rows): number {
  const values = actual.dataSync()
  const flat = expected.flat()
  if (values.length !== flat.length) throw new Error(`${values.length} numbers, expected ${flat.length}`)
  return flat.reduce((worst, value, i) => Math.max(worst, Math.abs(value - values[i])), 0)
}
