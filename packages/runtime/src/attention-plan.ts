import type { Graph } from './graph.js'
import type { NodeOf } from './kernel-types.js'

/** A node of attention of whole sequences, of either pass. */
export type AttentionNode = NodeOf<'CausalAttention'> | NodeOf<'CausalAttentionGrad'>

/** Sizes of attention. */
export interface AttentionShape {
  readonly B: number
  readonly T: number
  readonly H: number
  readonly K: number
  /** Query heads a key head: H / K. */
  readonly G: number
  readonly D: number
  /** Tokens that a token attends to, itself included; Infinity for all before it. */
  readonly slidingWindow: number
}

/** The sizes of a node of attention. */
export function attentionShape(
  { values }: Pick<Graph, 'values'>,
  { inputs: { query, key }, attributes: { slidingWindow = Infinity } }: AttentionNode | NodeOf<'CachedAttention'>
): AttentionShape {
  const [B, T, H, D] = values[query].shape
  const K = values[key].shape[2]
  return { B, T, H, K, G: H / K, D, slidingWindow }
}

/** Rows `begin` … `end` − 1. */
export interface RowBlock {
  readonly begin: number
  readonly end: number
  /** end − begin */
  readonly rows: number
}

/** All rows in blocks of `rows` at most, ≥ 1. */
export const rowBlocks = (total: number, rows: number): RowBlock[] =>
  Array.from({ length: Math.ceil(total / rows) }, (_, i) => {
    const begin = i * rows
    const end = Math.min(total, begin + rows)
    return { begin, end, rows: end - begin }
  })

/** Rows of a matrix of `width` columns in blocks of at most so many elements, of one row at least. */
export const rowBlocksOf = (total: number, width: number, elements: number): RowBlock[] =>
  rowBlocks(total, Math.max(1, Math.min(total, Math.floor(elements / width))))

/** A block of queries, which read the keys `first` … `end` − 1. */
export interface QueryBlock extends RowBlock {
  readonly first: number
}

/** An executor's numbers for attention. */
export interface AttentionLimits {
  /** Rows of a block of T queries: smaller ones compute less of the diagonal in vain, larger ones copy fewer keys. */
  rows(T: number): number
  /** Probabilities of up to this many elements are kept for the backward pass; more are computed again. */
  readonly keptElements: number
}

/** How attention of whole sequences is computed. */
export interface AttentionPlan {
  /** Block i reads only the keys up to its last row, so the masked upper blocks are not computed. */
  readonly blocks: readonly QueryBlock[]
  /** Elements of its probabilities: about half of [B, H, T, T]. */
  readonly elements: number
  /** Whether they are kept for the backward pass. */
  readonly kept: boolean
}

/** The plan of attention under an executor's numbers: the same for both passes. */
export function attentionPlan({ B, H, T, slidingWindow }: AttentionShape, limits: AttentionLimits): AttentionPlan {
  const elements = (B * H * T * T) / 2
  return {
    blocks: rowBlocks(T, limits.rows(T)).map(block => ({
      ...block,
      first: Math.max(0, block.begin - slidingWindow + 1)
    })),
    elements,
    kept: elements <= limits.keptElements
  }
}
