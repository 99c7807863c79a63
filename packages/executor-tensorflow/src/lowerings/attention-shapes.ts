import type { AttentionLimits, AttentionShape } from '@skipwise/runtime'

/** Blocks of 256 rows; probabilities of 16 MB a layer are kept, and more as `keptProbabilities` says. */
export const LIMITS: AttentionLimits = { rows: () => 256, keptElements: 2 ** 22 }

/** A share of the heads, consecutive among all [B·K], whose blocks are computed apart from the others'. */
export interface Share extends AttentionShape {
  /** First of the batch. */
  readonly fromB: number
  /** First of the key heads. */
  readonly fromK: number
  /** First of the batch's key heads, of B·K. */
  readonly fromHead: number
}

/**
 * Half of the batch or of the heads each, where there are two halves. Within a share one block waits for the other; two
 * shares keep two threads busy, each with operators of its own, where one share's operators would be too small to split
 * over threads.
 */
export function sharesOf(shape: AttentionShape): Share[] {
  const { B, H, K } = shape
  const whole = { ...shape, fromB: 0, fromK: 0, fromHead: 0 }
  if (B % 2 === 0) return [0, B / 2].map(fromB => ({ ...whole, B: B / 2, fromB, fromHead: fromB * K }))
  if (B === 1 && K % 2 === 0) return [0, K / 2].map(fromK => ({ ...whole, H: H / 2, K: K / 2, fromK, fromHead: fromK }))
  return [whole]
}
