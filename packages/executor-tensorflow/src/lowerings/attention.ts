import type { GraphNode } from '@skipwise/runtime'
import type { GraphBuilder, Ref } from '../builder.js'
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
  /** Tokens that a token attends to, itself included. */
  readonly window: number
}

/** Rows `begin` … `end` − 1 of the queries, which read the keys `first` … `end` − 1. */
interface Block {
  readonly first: number
  readonly begin: number
  readonly rows: number
  readonly end: number
}

function shapeOf(b: GraphBuilder, { inputs: { query, key }, attributes: { window = Infinity } }: GraphNode): Shape {
  const [B, T, H, D] = b.spec(query).shape, K = b.spec(key).shape[2]
  return { B, T, H, K, G: H / K, D, window: window as number }
}

const blocksOf = ({ T, window }: Shape): Block[] =>
  Array.from({ length: Math.ceil(T / BLOCK_ROWS) }, (_, i) => {
    const begin = i * BLOCK_ROWS, end = Math.min(T, begin + BLOCK_ROWS)
    return { first: Math.max(0, begin - window + 1), begin, rows: end - begin, end }
  })

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

/** Keys or values that a block reads, [B·K, end − first, D]: a copy of the block's own, gone when the block is done. */
const keyRows = (b: GraphBuilder, heads: Ref, { B, K, T, D }: Shape, { first, end }: Block, after: readonly Ref[]): Ref =>
  first === 0 && end === T ? heads : b.slice(heads, [0, first, 0], [B * K, end - first, D], after)

/**
 * 0 and −1e30, [G·rows, end − first]. Without a window it is the mask of a block's own rows, padded: as constants the wide masks would be
 * copied at every step of loading.
 */
function maskOf(b: GraphBuilder, { G, window }: Shape, { first, begin, rows, end }: Block): Ref {
  const before = window === Infinity ? 0 : begin - first, width = before + rows
  const own = b.constant(`mask ${G} ${window} ${rows} ${before}`, { type: 'float32', shape: [G * rows, width] }, () =>
    Float32Array.from({ length: G * rows * width }, (_, i) => {
      const distance = before + (Math.floor(i / width) % rows) - (i % width)
      return distance < 0 || distance >= window ? -1e30 : 0
    }))
  if (width === end - first) return own
  const paddings = b.constant(`paddings ${begin}`, { type: 'int32', shape: [2, 2] }, () => Int32Array.of(0, 0, begin, 0))
  return b.once(`mask ${G} ${rows} ${end}`, () => b.op('PadV2', [own, paddings, b.scalar(0)]))
}

/** slope · (position of key − position of query), masked, [B·K, G·rows, end − first]; the masked distances are the same for every layer and head. */
function alibiBias(b: GraphBuilder, shape: Shape, block: Block, positions: Ref, slopes: readonly number[]): Ref {
  const { B, K, G, window } = shape, { first, begin, rows, end } = block
  const distances = b.once(`distances ${positions} ${window} ${begin} ${end}`, () => b.op('AddV2', [keyMinusQuery(b, positions, shape, block), maskOf(b, { ...shape, G: 1 }, block)]))
  return b.reshape(b.op('Mul', [distances, slopeColumn(b, slopes, K)]), [B * K, G * rows, end - first])
}

/** The causal mask, and at most −1e30 between tokens of different documents, [B·K, G·rows, end − first], once for all layers. */
function documentMask(b: GraphBuilder, shape: Shape, block: Block, documents: Ref): Ref {
  const { B, K, G, H, window } = shape, { first, begin, rows, end } = block
  return b.once(`document mask ${documents} ${K} ${window} ${begin} ${end}`, () => {
    const difference = keyMinusQuery(b, documents, shape, block), other = b.op('Mul', [b.op('Mul', [difference, difference]), b.scalar(-1e30)])
    const masked = b.op('AddV2', [other, maskOf(b, { ...shape, G: 1 }, block)])
    return b.reshape(b.op('Mul', [masked, slopeColumn(b, new Array<number>(H).fill(1), K)]), [B * K, G * rows, end - first])
  })
}

/** A number of every token, [B, T], of the key less that of the query, [B, 1, 1, rows, end − first]. */
function keyMinusQuery(b: GraphBuilder, numbers: Ref, { B }: Shape, { first, begin, rows, end }: Block): Ref {
  const keys = b.reshape(b.slice(numbers, [0, first], [B, end - first]), [B, 1, 1, 1, end - first]), queries = b.reshape(b.slice(numbers, [0, begin], [B, rows]), [B, 1, 1, rows, 1])
  return b.op('Sub', [keys, queries])
}

/** [1, K, G, 1, 1] */
export const slopeColumn = (b: GraphBuilder, slopes: readonly number[], K: number): Ref =>
  b.constant(`slopes ${slopes.join()} ${K}`, { type: 'float32', shape: [1, K, slopes.length / K, 1, 1] }, () => Float32Array.from(slopes))

/** softmax(q·kᵀ + mask) of a block, q scaled already: [B·K, G·rows, end − first]. */
function probabilities(b: GraphBuilder, q: Ref, k: Ref, shape: Shape, block: Block, { inputs, attributes }: GraphNode): Ref {
  const slopes = attributes.slopes as readonly number[] | undefined, bias = slopes && alibiBias(b, shape, block, b.ref(inputs.positions), slopes)
  const mask = inputs.documents !== undefined ? documentMask(b, shape, block, b.ref(inputs.documents)) : bias ? undefined : maskOf(b, shape, block)
  const added = bias && mask ? b.op('AddV2', [bias, mask]) : (bias ?? mask) as Ref
  return b.op('Softmax', [b.op('AddV2', [b.float(b.matMul(q, k, { transB: true, batched: true })), added])])
}

const keptKey = ({ attributes }: GraphNode, query: Ref, key: Ref, { begin }: Block) => `probabilities ${query} ${key} ${begin} ${JSON.stringify(attributes)}`

/** Joins blocks [B·K, G·rows, D] to [B, T, H, D]. */
function joinQueryBlocks(b: GraphBuilder, blocks: readonly Block[], parts: readonly Ref[], { B, T, H, K, G, D }: Shape): Ref {
  const joined = b.concat(parts.map((part, i) => b.reshape(part, [B, K, G, blocks[i].rows, D])), 3)
  return b.reshape(b.transpose(joined, [0, 3, 1, 2, 4]), [B, T, H, D])
}

/** Adds a block's share [B·K, end − first, D] of a key or value gradient to the sum [B·K, begin, D] of the blocks before it. */
function addKeyPart(b: GraphBuilder, sum: Ref | undefined, part: Ref, { B, K, D }: Shape, { first, begin, rows }: Block): Ref {
  if (sum === undefined) return part
  const shared = begin - first, piece = (x: Ref, from: number, size: number) => (size > 0 ? [b.slice(x, [0, from, 0], [B * K, size, D])] : [])
  const both = shared > 0 ? [b.op('AddV2', [...piece(sum, first, shared), ...piece(part, 0, shared)])] : []
  return b.concat([...piece(sum, 0, first), ...both, ...piece(part, shared, rows)], 1)
}

const fromKeyHeads = (b: GraphBuilder, x: Ref, { B, T, K, D }: Shape): Ref => b.transpose(b.reshape(x, [B, K, T, D]), [0, 2, 1, 3])

/** Queries times the scale: cheaper than scaling the scores. */
const scaledQuery = (b: GraphBuilder, query: Ref, scale: number): Ref => b.once(`scaled ${query} ${scale}`, () => b.op('Mul', [query, b.scalar(scale)]))

const causalAttention: Lowering = (b, node) => {
  const { inputs, outputs, attributes } = node, shape = shapeOf(b, node), blocks = blocksOf(shape), query = b.ref(inputs.query), key = b.ref(inputs.key)
  const q = queryHeads(b, b.product(scaledQuery(b, query, attributes.scale as number)), shape, shape.D), k = keyHeads(b, key, shape), v = keyHeads(b, b.ref(inputs.value), shape)
  const kept = shape.B * shape.H * shape.T * shape.T * 0.5 <= KEPT_ELEMENTS, parts: Ref[] = []
  for (const block of blocks) {
    // One block after the other: TensorFlow would otherwise hold the scores of all of them at once.
    const after = parts.slice(-1)
    const P = b.product(probabilities(b, queryBlock(b, q, shape, block, shape.D, after), keyRows(b, k, shape, block, after), shape, block, node))
    if (kept) b.once(keptKey(node, query, key, block), () => P)
    parts.push(b.float(b.matMul(P, keyRows(b, v, shape, block, after), { batched: true })))
  }
  b.set(outputs[0], joinQueryBlocks(b, blocks, parts, shape))
}

// P = softmax(s·QKᵀ):  dV = PᵀdO,  dS = P·(dOVᵀ − Σ dO·O),  dQ = s·dS·K,  dK = dSᵀ(s·Q)
const causalAttentionGrad: Lowering = (b, node) => {
  const { inputs, outputs, attributes } = node, shape = shapeOf(b, node), blocks = blocksOf(shape), { D } = shape, scale = attributes.scale as number
  const [query, key, value, output, dy] = [inputs.query, inputs.key, inputs.value, inputs.output, inputs.dy].map(id => b.ref(id))
  const q = queryHeads(b, b.product(scaledQuery(b, query, scale)), shape, D), dO = queryHeads(b, b.product(dy), shape, D), k = keyHeads(b, key, shape), v = keyHeads(b, value, shape)
  const delta = queryHeads(b, b.reduce('Sum', b.op('Mul', [dy, output]), [3], true), shape, 1)
  const dQuery: Ref[] = []
  let dKey: Ref | undefined, dValue: Ref | undefined
  for (const block of blocks) {
    // After the block before and after the gradient: a recomputed block is another node than the forward pass's, and cannot start early.
    const after = dKey && dValue ? [dKey, dValue] : [dO]
    const qRows = queryBlock(b, q, shape, block, D, after), dORows = queryBlock(b, dO, shape, block, D, after)
    const keys = keyRows(b, k, shape, block, after), values = keyRows(b, v, shape, block, after)
    const P = b.recall(keptKey(node, query, key, block)) ?? b.product(probabilities(b, qRows, keys, shape, block, node))
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

export const attentionLowerings: Readonly<Record<string, Lowering>> = {
  CausalAttention: causalAttention,
  CausalAttentionGrad: causalAttentionGrad,
  AlibiAttention: causalAttention,
  AlibiAttentionGrad: causalAttentionGrad,
  DocumentAttention: causalAttention,
  DocumentAttentionGrad: causalAttentionGrad,
  AlibiDocumentAttention: causalAttention,
  AlibiDocumentAttentionGrad: causalAttentionGrad
}
