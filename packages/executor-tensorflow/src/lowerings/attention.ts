import {
  attentionPlan,
  attentionShape,
  type AttentionNode,
  type AttentionShape,
  type QueryBlock
} from '@skipwise/runtime'
import type { GraphBuilder, Lowering, Lowerings, Ref } from '../builder.js'
import { alibiBias, documentMask, maskOf } from './attention-masks.js'
import { LIMITS, sharesOf, type Share } from './attention-shapes.js'
import { keptProbabilities } from './kept-probabilities.js'

/** [B, T, H, width] → [B·K, G, T, width], in the precision of products. */
const queryHeads = (b: GraphBuilder, x: Ref, { B, T, K, G }: AttentionShape, width: number): Ref =>
  b.once(`query heads ${x}`, () =>
    b.reshape(b.transpose(b.reshape(x, [B, T, K, G, width]), [0, 2, 3, 1, 4]), [B * K, G, T, width])
  )

/** [B, T, K, D] → [B·K, T, D], in the precision of products. */
const keyHeads = (b: GraphBuilder, x: Ref, { B, T, K, D }: AttentionShape): Ref =>
  b.once(`key heads ${x}`, () => b.reshape(b.transpose(b.product(x), [0, 2, 1, 3]), [B * K, T, D]))

/** Rows of a block of queries, the group stacked along rows: [B·K, G·rows, width]. */
function queryBlock(
  b: GraphBuilder,
  heads: Ref,
  { B, K, G, fromHead }: Share,
  { begin, rows }: QueryBlock,
  width: number,
  after: readonly Ref[]
): Ref {
  const part = b.slice(heads, [fromHead, 0, begin, 0], [B * K, G, rows, width], after)
  return b.reshape(part, [B * K, G * rows, width])
}

/** Keys or values that a block reads, [B·K, end − first, D]: a copy of the block's own, gone when the block is done. */
const keyRows = (
  b: GraphBuilder,
  heads: Ref,
  { B, K, D, fromHead }: Share,
  { first, end }: QueryBlock,
  after: readonly Ref[]
): Ref => b.slice(heads, [fromHead, first, 0], [B * K, end - first, D], after)

/**
 * softmax(q·kᵀ + mask) of a block, q scaled already, in the precision of products: [B·K, G·rows, end − first]. A mask
 * changes no score that counts: scores that are bfloat16 numbers can stay so.
 */
function probabilities(
  b: GraphBuilder,
  q: Ref,
  k: Ref,
  shape: Share,
  block: QueryBlock,
  { inputs, attributes }: AttentionNode
): Ref {
  const { slopes } = attributes
  const bias =
    slopes && inputs.positions !== undefined ? alibiBias(b, shape, block, b.ref(inputs.positions), slopes) : undefined
  const narrow = b.setup.narrowSoftmax && !bias
  const scores = b.matMul(q, k, { transB: true, batched: true })
  const mask =
    inputs.documents !== undefined
      ? documentMask(b, shape, block, b.ref(inputs.documents))
      : bias
        ? undefined
        : maskOf(b, shape, block, narrow)
  const added = bias && mask ? b.op('AddV2', [bias, mask]) : ((bias ?? mask) as Ref)
  return b.product(b.op('Softmax', [b.op('AddV2', narrow ? [scores, b.product(added)] : [b.float(scores), added])]))
}

const keptKey = ({ attributes }: AttentionNode, query: Ref, key: Ref, { fromHead }: Share, { begin }: QueryBlock) =>
  `probabilities ${query} ${key} ${fromHead} ${begin} ${JSON.stringify(attributes)}`

/** Joins the blocks of a share, [B·K, G·rows, D], to [B·K, G, T, D]. */
const joinBlocks = (
  b: GraphBuilder,
  blocks: readonly QueryBlock[],
  parts: readonly Ref[],
  { B, K, G, D }: Share
): Ref =>
  b.concat(
    parts.map((part, i) => b.reshape(part, [B * K, G, blocks[i].rows, D])),
    2
  )

/** [B·K, G, T, D] → [B, T, H, D] */
const fromQueryHeads = (b: GraphBuilder, x: Ref, { B, T, H, K, G, D }: AttentionShape): Ref =>
  b.reshape(b.transpose(b.reshape(x, [B, K, G, T, D]), [0, 3, 1, 2, 4]), [B, T, H, D])

/**
 * Adds a block's share [B·K, end − first, D] of a key or value gradient to the sum [B·K, begin, D] of the blocks before
 * it.
 */
function addKeyPart(
  b: GraphBuilder,
  sum: Ref | undefined,
  part: Ref,
  { B, K, D }: AttentionShape,
  { first, rows }: QueryBlock
): Ref {
  if (sum === undefined) return part
  const zeros = (count: number) =>
    count === 0
      ? []
      : [
          b.once(`zero keys ${B * K} ${count} ${D}`, () =>
            b.op(
              'Fill',
              [b.int32([B * K, count, D]), b.scalar(0)],
              { T: { type: 'float32' }, index_type: { type: 'int32' } },
              { type: 'float32' }
            )
          )
        ]
  return b.op('AddV2', [b.concat([sum, ...zeros(rows)], 1), b.concat([...zeros(first), part], 1)])
}

const fromKeyHeads = (b: GraphBuilder, x: Ref, { B, T, K, D }: AttentionShape): Ref =>
  b.transpose(b.reshape(x, [B, K, T, D]), [0, 2, 1, 3])

/** Queries times the scale: cheaper than scaling the scores. */
const scaledQuery = (b: GraphBuilder, query: Ref, scale: number): Ref =>
  b.once(`scaled ${query} ${scale}`, () => b.op('Mul', [query, b.scalar(scale)]))

const causalAttention: Lowering<'CausalAttention'> = (b, node) => {
  const { inputs, outputs, attributes } = node
  const shape = attentionShape(b.graph, node)
  const { blocks } = attentionPlan(shape, LIMITS)
  const query = b.ref(inputs.query)
  const key = b.ref(inputs.key)
  const q = queryHeads(b, b.product(scaledQuery(b, query, attributes.scale)), shape, shape.D)
  const k = keyHeads(b, key, shape)
  const v = keyHeads(b, b.ref(inputs.value), shape)
  const kept = keptProbabilities(b.graph, b.setup.products).has(node)
  const shares = sharesOf(shape).map(share => {
    const parts: Ref[] = []
    for (const block of blocks) {
      // One block after the other: TensorFlow would otherwise hold the scores of all of them at once.
      const after = parts.slice(-1)
      const P = probabilities(
        b,
        queryBlock(b, q, share, block, shape.D, after),
        keyRows(b, k, share, block, after),
        share,
        block,
        node
      )
      if (kept) b.once(keptKey(node, query, key, share, block), () => P)
      parts.push(b.float(b.matMul(P, keyRows(b, v, share, block, after), { batched: true })))
    }
    return joinBlocks(b, blocks, parts, share)
  })
  b.set(outputs[0], fromQueryHeads(b, b.concat(shares, 0), shape))
}

// P = softmax(s·QKᵀ):  dV = PᵀdO,  dS = P·(dOVᵀ − Σ dO·O),  dQ = s·dS·K,  dK = dSᵀ(s·Q)
const causalAttentionGrad: Lowering<'CausalAttentionGrad'> = (b, node) => {
  const { inputs, outputs, attributes } = node
  const shape = attentionShape(b.graph, node)
  const { blocks } = attentionPlan(shape, LIMITS)
  const { D } = shape
  const scale = attributes.scale
  const [query, key, value, output, dy] = [inputs.query, inputs.key, inputs.value, inputs.output, inputs.dy].map(id =>
    b.ref(id)
  )
  const q = queryHeads(b, b.product(scaledQuery(b, query, scale)), shape, D)
  const dO = queryHeads(b, b.product(dy), shape, D)
  const k = keyHeads(b, key, shape)
  const v = keyHeads(b, value, shape)
  const delta = queryHeads(b, b.reduce('Sum', b.op('Mul', [dy, output]), [3], true), shape, 1)
  const shares = sharesOf(shape).map(share => {
    const dQuery: Ref[] = []
    let dKey: Ref | undefined, dValue: Ref | undefined
    for (const block of blocks) {
      // After the block before and after the gradient: a recomputed block is another node than the forward pass's, and
      // cannot start early.
      const after = dKey && dValue ? [dKey, dValue] : [dO]
      const qRows = queryBlock(b, q, share, block, D, after)
      const dORows = queryBlock(b, dO, share, block, D, after)
      const keys = keyRows(b, k, share, block, after)
      const values = keyRows(b, v, share, block, after)
      const P = b.recall(keptKey(node, query, key, share, block)) ?? probabilities(b, qRows, keys, share, block, node)
      const dP = b.float(b.matMul(dORows, values, { transB: true, batched: true }))
      // Kept probabilities in bfloat16 are widened when they are needed, not when they are there.
      const wideP = b.setup.products === 'bfloat16' ? b.cast(P, 'float32', [dP]) : b.float(P)
      const dS = b.product(b.op('Mul', [b.op('Sub', [dP, queryBlock(b, delta, share, block, 1, [])]), wideP]))
      dQuery.push(b.float(b.matMul(dS, keys, { batched: true })))
      dKey = addKeyPart(b, dKey, b.float(b.matMul(dS, qRows, { transA: true, batched: true })), share, block)
      dValue = addKeyPart(b, dValue, b.float(b.matMul(P, dORows, { transA: true, batched: true })), share, block)
    }
    return [joinBlocks(b, blocks, dQuery, share), dKey as Ref, dValue as Ref] as const
  })
  const [dQ, dK, dV] = [0, 1, 2].map(i =>
    b.concat(
      shares.map(share => share[i]),
      0
    )
  )
  b.set(outputs[0], b.op('Mul', [fromQueryHeads(b, dQ, shape), b.scalar(scale)]))
  b.set(outputs[1], fromKeyHeads(b, dK, shape))
  b.set(outputs[2], fromKeyHeads(b, dV, shape))
}

export const attentionLowerings = {
  CausalAttention: causalAttention,
  CausalAttentionGrad: causalAttentionGrad
} satisfies Partial<Lowerings>
