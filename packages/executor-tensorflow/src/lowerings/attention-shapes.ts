import type { Graph, GraphNode } from '@skipwise/runtime'

/**
 * Rows of a block of queries. Block i reads only the keys up to its last row, so the masked upper blocks are not
 * computed. Smaller blocks compute less of the diagonal in vain, larger ones copy fewer keys.
 */
const BLOCK_ROWS = 256

/** What a node of attention computes with. */
export interface Shape {
  readonly B: number
  readonly T: number
  readonly H: number
  readonly K: number
  /** Query heads a key head: H / K. */
  readonly G: number
  readonly D: number
  /** Tokens that a token attends to, itself included. */
  readonly window: number
}

/** A share of the heads, one behind the other among all [B·K], whose blocks are computed apart from the others'. */
export interface Share extends Shape {
  /** First of the batch. */
  readonly fromB: number
  /** First of the key heads. */
  readonly fromK: number
  /** First of the batch's key heads, of B·K. */
  readonly fromHead: number
}

/** Rows `begin` … `end` − 1 of the queries, which read the keys `first` … `end` − 1. */
export interface Block {
  readonly first: number
  readonly begin: number
  readonly rows: number
  readonly end: number
}

export function shapeOf(
  { values }: Graph,
  { inputs: { query, key }, attributes: { window = Infinity } }: GraphNode
): Shape {
  const [B, T, H, D] = values[query].shape
  const K = values[key].shape[2]
  return { B, T, H, K, G: H / K, D, window: window as number }
}

/**
 * Half of the batch or of the heads each, where there are two halves. Within a share one block waits for the other; two
 * shares keep two threads busy, each with operators of its own, where one share's operators would be too small to split
 * over threads.
 */
export function sharesOf(shape: Shape): Share[] {
  const { B, H, K } = shape
  const whole = { ...shape, fromB: 0, fromK: 0, fromHead: 0 }
  if (B % 2 === 0) return [0, B / 2].map(fromB => ({ ...whole, B: B / 2, fromB, fromHead: fromB * K }))
  if (B === 1 && K % 2 === 0) return [0, K / 2].map(fromK => ({ ...whole, H: H / 2, K: K / 2, fromK, fromHead: fromK }))
  return [whole]
}

export const blocksOf = ({ T, window }: Shape): Block[] =>
  Array.from({ length: Math.ceil(T / BLOCK_ROWS) }, (_, i) => {
    const begin = i * BLOCK_ROWS
    const end = Math.min(T, begin + BLOCK_ROWS)
    return { first: Math.max(0, begin - window + 1), begin, rows: end - begin, end }
  })
