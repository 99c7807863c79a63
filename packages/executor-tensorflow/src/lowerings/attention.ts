import type { ValueId } from '@skipwise/runtime'
import { kernelError, type GraphBuilder, type Ref } from '../builder.js'
import type { Lowering } from '../lowering.js'

/** Rows of a block of queries. Block i reads only the keys up to its last row, so the masked upper blocks are not computed. */
const BLOCK_ROWS = 128
/** Probabilities of up to this many elements (16 MB a layer) are kept for the backward pass; more are computed again. */
const KEPT_ELEMENTS = 2 ** 22

interface Shape {
  readonly B: number
  readonly T: number
  readonly H: number
  readonly K: number
  /** Query heads a key head: H / K. */
  readonly G: number
  readonly D: number
}

interface Block {
  readonly begin: number
  readonly rows: number
  readonly end: number
}

const shapeOf = (b: GraphBuilder, query: ValueId, key: ValueId): Shape => {
  const [B, T, H, D] = b.spec(query).shape, K = b.spec(key).shape[2]
  return { B, T, H, K, G: H / K, D }
}

const blocksOf = ({ T }: Shape): Block[] =>
  Array.from({ length: Math.ceil(T / BLOCK_ROWS) }, (_, i) => ({ begin: i * BLOCK_ROWS, rows: Math.min(BLOCK_ROWS, T - i * BLOCK_ROWS), end: Math.min(T, (i + 1) * BLOCK_ROWS) }))

/** [B, T, H, width] → [B·K, G, T, width], in the precision of products. */
const queryHeads = (b: GraphBuilder, x: Ref, { B, T, K, G }: Shape, width: number): Ref =>
  b.once(`query heads ${x}`, () => b.reshape(b.transpose(b.reshape(x, [B, T, K, G, width]), [0, 2, 3, 1, 4]), [B * K, G, T, width]))

/** [B, T, K, D] → [B·K, T, D], in the precision of products. */
const keyHeads = (b: GraphBuilder, x: Ref, { B, T, K, D }: Shape): Ref => b.once(`key heads ${x}`, () => b.reshape(b.transpose(b.product(x), [0, 2, 1, 3]), [B * K, T, D]))

/** Rows of a block of queries, the group stacked along rows: [B·K, G·rows, width]. */
function queryBlock(b: GraphBuilder, heads: Ref, { B, K, G, T }: Shape, { begin, rows }: Block, width: number, after: readonly Ref[]): Ref {
  const part = rows === T && after.length === 0 ? heads : b.slice(heads, [0, 0, begin, 0], [B * K, G, rows, width], after)
  return b.reshape(part, [B * K, G * rows, width])
}

/** Keys or values up to the end of a block, [B·K, end, D]: a copy of the block's own, gone when the block is done. */
const keyPrefix = (b: GraphBuilder, heads: Ref, { B, K, T, D }: Shape, { end }: Block, after: readonly Ref[]): Ref =>
  end === T ? heads : b.slice(heads, [0, 0, 0], [B * K, end, D], after)

/** Hides the later keys of a block's own rows: [G·rows, rows]. Wider masks are this one, padded: as constants they would be copied at every step of loading. */
function maskOf(b: GraphBuilder, { G }: Shape, { begin, rows, end }: Block): Ref {
  const own = b.constant(`mask ${G} ${rows}`, { type: 'float32', shape: [G * rows, rows] }, () => Float32Array.from({ length: G * rows * rows }, (_, i) => (i % rows > Math.floor(i / rows) % rows ? -1e30 : 0)))
  if (begin === 0) return own
  const paddings = b.constant(`paddings ${begin}`, { type: 'int32', shape: [2, 2] }, () => Int32Array.of(0, 0, begin, 0))
  return b.once(`mask ${G} ${rows} ${end}`, () => b.op('PadV2', [own, paddings, b.scalar(0)]))
}

/** softmax(q·kᵀ + mask) of a block, q scaled already: [B·K, G·rows, end]. */
const probabilities = (b: GraphBuilder, q: Ref, k: Ref, shape: Shape, block: Block): Ref =>
  b.op('Softmax', [b.op('AddV2', [b.float(b.matMul(q, k, { transB: true, batched: true })), maskOf(b, shape, block)])])

const keptKey = (query: Ref, key: Ref, { begin }: Block) => `probabilities ${query} ${key} ${begin}`

/** Joins blocks [B·K, G·rows, D] to [B, T, H, D]. */
function joinQueryBlocks(b: GraphBuilder, blocks: readonly Block[], parts: readonly Ref[], { B, T, H, K, G, D }: Shape): Ref {
  const joined = b.concat(parts.map((part, i) => b.reshape(part, [B, K, G, blocks[i].rows, D])), 3)
  return b.reshape(b.transpose(joined, [0, 3, 1, 2, 4]), [B, T, H, D])
}

/** Adds a block's share [B·K, end, D] of a key or value gradient to the sum of the blocks before it, which ends earlier. */
function addKeyPart(b: GraphBuilder, sum: Ref | undefined, part: Ref, { B, K, D }: Shape, { begin, rows }: Block): Ref {
  if (sum === undefined) return part
  const [before, own] = [b.slice(part, [0, 0, 0], [B * K, begin, D]), b.slice(part, [0, begin, 0], [B * K, rows, D])]
  return b.concat([b.op('AddV2', [sum, before]), own], 1)
}

const fromKeyHeads = (b: GraphBuilder, x: Ref, { B, T, K, D }: Shape): Ref => b.transpose(b.reshape(x, [B, K, T, D]), [0, 2, 1, 3])

/** Queries times the scale: cheaper than scaling the scores. */
const scaledQuery = (b: GraphBuilder, query: Ref, scale: number): Ref => b.once(`scaled ${query} ${scale}`, () => b.op('Mul', [query, b.scalar(scale)]))

export const attentionLowerings: Readonly<Record<string, Lowering>> = {
  CausalAttention: (b, { kernel, inputs, outputs, attributes }) => {
    if (attributes.window !== undefined) throw kernelError(kernel, 'a sliding window')
    const shape = shapeOf(b, inputs.query, inputs.key), blocks = blocksOf(shape), query = b.ref(inputs.query), key = b.ref(inputs.key)
    const q = queryHeads(b, b.product(scaledQuery(b, query, attributes.scale as number)), shape, shape.D), k = keyHeads(b, key, shape), v = keyHeads(b, b.ref(inputs.value), shape)
    const kept = shape.B * shape.H * shape.T * shape.T * 0.5 <= KEPT_ELEMENTS, parts: Ref[] = []
    for (const block of blocks) {
      // One block after the other: TensorFlow would otherwise hold the scores of all of them at once.
      const after = parts.slice(-1)
      const P = b.product(probabilities(b, queryBlock(b, q, shape, block, shape.D, after), keyPrefix(b, k, shape, block, after), shape, block))
      if (kept) b.once(keptKey(query, key, block), () => P)
      parts.push(b.float(b.matMul(P, keyPrefix(b, v, shape, block, after), { batched: true })))
    }
    b.set(outputs[0], joinQueryBlocks(b, blocks, parts, shape))
  },

  // P = softmax(s·QKᵀ):  dV = PᵀdO,  dS = P·(dOVᵀ − Σ dO·O),  dQ = s·dS·K,  dK = dSᵀ(s·Q)
  CausalAttentionGrad: (b, { inputs, outputs, attributes }) => {
    const shape = shapeOf(b, inputs.query, inputs.key), blocks = blocksOf(shape), { D } = shape, scale = attributes.scale as number
    const [query, key, value, output, dy] = [inputs.query, inputs.key, inputs.value, inputs.output, inputs.dy].map(id => b.ref(id))
    const q = queryHeads(b, b.product(scaledQuery(b, query, scale)), shape, D), dO = queryHeads(b, b.product(dy), shape, D), k = keyHeads(b, key, shape), v = keyHeads(b, value, shape)
    const delta = queryHeads(b, b.reduce('Sum', b.op('Mul', [dy, output]), [3], true), shape, 1)
    const dQuery: Ref[] = []
    let dKey: Ref | undefined, dValue: Ref | undefined
    for (const block of blocks) {
      // After the block before and after the gradient: a recomputed block is another node than the forward pass's, and cannot start early.
      const after = dKey && dValue ? [dKey, dValue] : [dO]
      const qRows = queryBlock(b, q, shape, block, D, after), dORows = queryBlock(b, dO, shape, block, D, after)
      const keys = keyPrefix(b, k, shape, block, after), values = keyPrefix(b, v, shape, block, after)
      const P = b.recall(keptKey(query, key, block)) ?? b.product(probabilities(b, qRows, keys, shape, block))
      const dP = b.float(b.matMul(dORows, values, { transB: true, batched: true }))
      const dS = b.product(b.op('Mul', [b.op('Sub', [dP, queryBlock(b, delta, shape, block, 1, [])]), b.float(P)]))
      dQuery.push(b.float(b.matMul(dS, keys, { batched: true })))
      dKey = addKeyPart(b, dKey, b.float(b.matMul(dS, qRows, { transA: true, batched: true })), shape, block)
      dValue = addKeyPart(b, dValue, b.float(b.matMul(P, dORows, { transA: true, batched: true })), shape, block)
    }
    b.set(outputs[0], b.op('Mul', [joinQueryBlocks(b, blocks, dQuery, shape), b.scalar(scale)]))
    b.set(outputs[1], fromKeyHeads(b, dKey as Ref, shape))
    b.set(outputs[2], fromKeyHeads(b, dValue as Ref, shape))
  }
}
