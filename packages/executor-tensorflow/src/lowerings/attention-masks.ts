import { MASKED, type AttentionShape, type QueryBlock } from '@skipwise/runtime'
import type { GraphBuilder, Ref } from '../builder.js'
import type { Share } from './attention-shapes.js'

/**
 * 0 and −1e30, [G·rows, end − first], in the precision of products if `narrow`. Without a window it is the mask of a
 * block's own rows, padded once for all layers.
 */
export function maskOf(
  b: GraphBuilder,
  { G, slidingWindow }: AttentionShape,
  { first, begin, rows, end }: QueryBlock,
  narrow = false
): Ref {
  const before = slidingWindow === Infinity ? 0 : begin - first
  const width = before + rows
  const wide = b.constant(
    `mask ${G} ${slidingWindow} ${rows} ${before}`,
    { type: 'float32', shape: [G * rows, width] },
    () =>
      Float32Array.from({ length: G * rows * width }, (_, i) => {
        const distance = before + (Math.floor(i / width) % rows) - (i % width)
        return distance < 0 || distance >= slidingWindow ? MASKED : 0
      })
  )
  const own = narrow ? b.product(wide) : wide
  if (width === end - first) return own
  const paddings = b.constant(`paddings ${begin}`, { type: 'int32', shape: [2, 2] }, () =>
    Int32Array.of(0, 0, begin, 0)
  )
  return b.once(`padded ${own} ${end}`, () =>
    b.op('PadV2', [own, paddings, runtimeZero(b, narrow ? 'bfloat16' : 'float32')])
  )
}

/**
 * 0 that TensorFlow does not know before it runs: what it can compute when it loads a graph it puts into every copy of
 * that graph. `Empty` is said to be stateful.
 */
const runtimeZero = (b: GraphBuilder, type: 'float32' | 'bfloat16'): Ref =>
  b.once(`zero ${type}`, () => b.op('Empty', [b.int32([])], { dtype: { type }, init: true }, { type }))

/**
 * slope · (position of key − position of query), masked, [B·K, G·rows, end − first]; the masked distances are the same
 * for every layer and head.
 */
export function alibiBias(
  b: GraphBuilder,
  shape: Share,
  block: QueryBlock,
  positions: Ref,
  slopes: readonly number[]
): Ref {
  const { B, fromB, K, fromK, G, slidingWindow } = shape
  const { first, begin, rows, end } = block
  const distances = b.once(`distances ${positions} ${fromB} ${slidingWindow} ${begin} ${end}`, () =>
    b.op('AddV2', [keyMinusQuery(b, positions, shape, block), maskOf(b, { ...shape, G: 1 }, block)])
  )
  return b.reshape(b.op('Mul', [distances, slopeColumn(b, slopes.slice(fromK * G, (fromK + K) * G), K)]), [
    B * K,
    G * rows,
    end - first
  ])
}

/**
 * The causal mask, and at most −1e30 between tokens of different documents, [B·K, G·rows, end − first], once for all
 * layers.
 */
export function documentMask(b: GraphBuilder, shape: Share, block: QueryBlock, documents: Ref): Ref {
  const { B, fromB, K, G, H, slidingWindow } = shape
  const { first, begin, rows, end } = block
  return b.once(`document mask ${documents} ${fromB} ${K} ${slidingWindow} ${begin} ${end}`, () => {
    const difference = keyMinusQuery(b, documents, shape, block)
    const other = b.op('Mul', [b.op('Mul', [difference, difference]), b.scalar(MASKED)])
    const masked = b.op('AddV2', [other, maskOf(b, { ...shape, G: 1 }, block)])
    return b.reshape(b.op('Mul', [masked, slopeColumn(b, new Array<number>(H).fill(1), K)]), [
      B * K,
      G * rows,
      end - first
    ])
  })
}

/** A number of every token, [B, T], of the key less that of the query, [B, 1, 1, rows, end − first]. */
function keyMinusQuery(
  b: GraphBuilder,
  numbers: Ref,
  { B, fromB }: Share,
  { first, begin, rows, end }: QueryBlock
): Ref {
  const keys = b.reshape(b.slice(numbers, [fromB, first], [B, end - first]), [B, 1, 1, 1, end - first])
  const queries = b.reshape(b.slice(numbers, [fromB, begin], [B, rows]), [B, 1, 1, rows, 1])
  return b.op('Sub', [keys, queries])
}

/** [1, K, G, 1, 1] */
export const slopeColumn = (b: GraphBuilder, slopes: readonly number[], K: number): Ref =>
  b.constant(`slopes ${slopes.join()} ${K}`, { type: 'float32', shape: [1, K, slopes.length / K, 1, 1] }, () =>
    Float32Array.from(slopes)
  )
