import { withoutUndefined } from '@skipwise/core'
import {
  attentionPlan,
  attentionShape,
  MASKED,
  sizeOf,
  type AttentionLimits,
  type AttentionNode,
  type AttentionShape,
  type NodeOf,
  type QueryBlock,
  type RowBlock,
  type ValueId
} from '@skipwise/runtime'
import type { Lowering, Lowerings, OnnxBuilder } from '../builder.js'
import { onnxType } from '../onnx-model.js'

/** An eighth of the window between bounds is best, as measured. Probabilities of 64 MB are kept. */
const LIMITS: AttentionLimits = {
  rows: T => Math.min(256, Math.max(128, 64 * Math.floor(T / 512))),
  keptElements: 2 ** 24
}
/**
 * GroupQueryAttention computes the scores tile by tile, in little memory, unless its heads have sinks. Up to this many
 * scores (32 MB) of several tokens they get sinks that take nothing: whole rows are up to a third faster
 * (docs/adr/0022-threads-and-rows.md).
 */
const SCORES_AT_ONCE = 2 ** 23

/** [B, T, H, D] → [B, K, G, T, D], once per value. */
export const queryHeads = (
  b: OnnxBuilder,
  name: string,
  { B, T, K, G, D }: Pick<AttentionShape, 'B' | 'T' | 'K' | 'G' | 'D'>
) => b.once(`query heads of ${name}`, () => b.transpose(b.reshape(name, [B, T, K, G, D]), [0, 2, 3, 1, 4]))

/** [B, T, K, D] → [B, K, T, D], once per value. */
export const keyHeads = (b: OnnxBuilder, name: string) =>
  b.once(`key heads of ${name}`, () => b.transpose(name, [0, 2, 1, 3]))

// Slices are copies, half as many times the size of the keys as there are blocks: each pass makes its own, so that none
// waits for the backward pass in memory.

/** Rows of a block of queries with the group stacked along rows: [B, K, G·rows, D]. */
const queryBlock = (
  b: OnnxBuilder,
  heads: string,
  { B, K, G }: AttentionShape,
  { begin, end }: QueryBlock,
  width: number
) => b.reshape(b.slice(heads, 3, begin, end), [B, K, G * (end - begin), width])

/** Keys or values that a block reads: [B, K, end − first, D]. */
const keyRows = (b: OnnxBuilder, heads: string, { T }: AttentionShape, { first, end }: QueryBlock) =>
  first === 0 && end === T ? heads : b.slice(heads, 2, first, end)

/** softmax(scale·q·kᵀ + mask) of a block: [B, K, G·rows, end − first]. */
function probabilities(
  b: OnnxBuilder,
  q: string,
  k: string,
  shape: AttentionShape,
  block: QueryBlock,
  { inputs, attributes }: AttentionNode
): string {
  const slopes = attributes.slopes
  const bias =
    slopes && inputs.positions !== undefined ? alibiBias(b, shape, block, b.name(inputs.positions), slopes) : undefined
  const mask =
    inputs.documents !== undefined
      ? documentMask(b, shape, block, b.name(inputs.documents))
      : bias
        ? undefined
        : causalMask(b, shape, block)
  const added = bias && mask ? b.op('Add', [bias, mask]) : ((bias ?? mask) as string)
  return b.op('Softmax', [b.op('Add', [b.matMul(q, k, { transB: true, alpha: attributes.scale }), added])], {
    axis: -1
  })
}

/** 0 and MASKED, [G·rows, end − first]. */
const causalMask = (b: OnnxBuilder, shape: AttentionShape, { first, begin, end }: QueryBlock) =>
  b.once(`mask ${shape.G} ${shape.slidingWindow} ${begin} ${end}`, () =>
    b.slice(maskBand(b, shape, end - begin), 1, shape.T - (end - first), shape.T)
  )

/**
 * The causal mask, and at most −1e30 between tokens of different documents, [B, 1, G·rows, end − first], once for all
 * layers.
 */
const documentMask = (b: OnnxBuilder, shape: AttentionShape, block: QueryBlock, documents: string) => {
  const { B, G } = shape
  const { first, begin, end } = block
  const rows = end - begin
  return b.once(`document mask ${documents} ${shape.slidingWindow} ${begin} ${end}`, () => {
    const difference = keyMinusQuery(b, documents, shape, block)
    const other = b.op('Mul', [b.op('Mul', [difference, difference]), b.scalar(MASKED)])
    const masked = b.op('Add', [other, causalMask(b, { ...shape, G: 1 }, block)])
    const grouped = G === 1 ? masked : b.op('Expand', [masked, b.int64([B, 1, G, rows, end - first])])
    return b.reshape(grouped, [B, 1, G * rows, end - first])
  })
}

/** A number of every token, [B, T], of the key less that of the query, [B, 1, 1, rows, end − first]. */
const keyMinusQuery = (b: OnnxBuilder, numbers: string, { B }: AttentionShape, { first, begin, end }: QueryBlock) =>
  b.op('Sub', [
    b.reshape(b.slice(numbers, 1, first, end), [B, 1, 1, 1, end - first]),
    b.reshape(b.slice(numbers, 1, begin, end), [B, 1, 1, end - begin, 1])
  ])

/**
 * slope · (position of key − position of query), masked, [B, K, G·rows, end − first]; the masked distances are the same
 * for every layer and head.
 */
function alibiBias(
  b: OnnxBuilder,
  shape: AttentionShape,
  block: QueryBlock,
  positions: string,
  slopes: readonly number[]
): string {
  const { B, K, G } = shape
  const { first, begin, end } = block
  const rows = end - begin
  const distances = b.once(`distances ${positions} ${shape.slidingWindow} ${begin} ${end}`, () =>
    b.op('Add', [keyMinusQuery(b, positions, shape, block), causalMask(b, { ...shape, G: 1 }, block)])
  )
  return b.reshape(b.op('Mul', [distances, slopeColumn(b, slopes, [1, K, G, 1, 1])]), [B, K, G * rows, end - first])
}

/** Slopes of query heads, [H], in another shape. */
export const slopeColumn = (b: OnnxBuilder, slopes: readonly number[], shape: readonly number[]) =>
  b.constant(`slopes ${slopes.join()} ${shape.join()}`, shape, () => Float32Array.from(slopes))

/** The mask of the last block, [G·rows, T]: every block's mask is its right-hand part. */
const maskBand = (b: OnnxBuilder, { G, T, slidingWindow }: AttentionShape, rows: number) =>
  b.constant(`mask band ${G} ${slidingWindow} ${rows} ${T}`, [G * rows, T], () => {
    const band = new Float32Array(G * rows * T)
    for (let row = 0; row < G * rows; row++) {
      const own = T - rows + (row % rows)
      band.fill(MASKED, row * T, row * T + Math.max(0, own - slidingWindow + 1))
      band.fill(MASKED, row * T + own + 1, (row + 1) * T)
    }
    return band
  })

const keptKey = (query: string, key: string, { begin }: QueryBlock) => `probabilities ${query} ${key} ${begin}`

/** Joins blocks [B, K, G·rows, D] to [B, T, H, D]. */
export function joinQueryBlocks(
  b: OnnxBuilder,
  blocks: readonly RowBlock[],
  parts: readonly string[],
  { B, T, H, K, G, D }: AttentionShape,
  output: string
): void {
  const split = parts.map((part, i) => b.reshape(part, [B, K, G, blocks[i].end - blocks[i].begin, D]))
  const joined = split.length === 1 ? split[0] : b.op('Concat', split, { axis: 3 })
  b.reshape(b.transpose(joined, [0, 3, 1, 2, 4]), [B, T, H, D], output)
}

/** Sums the blocks' shares [B, K, end − first, D] of a key or value gradient to [B, T, K, D]. */
function sumKeyParts(b: OnnxBuilder, blocks: readonly QueryBlock[], parts: readonly string[], output: string): void {
  const pad = (x: string, before: number, after: number) =>
    before + after === 0 ? x : b.op('Pad', [x, b.int64([0, 0, before, 0, 0, 0, after, 0])])
  // The sum so far reaches to the end of its block, the next share is padded only where a window cuts it off. A chain
  // of Add: ONNX Runtime's Sum of four is slower than three additions.
  const sum = parts.reduce((soFar, part, i) =>
    b.op('Add', [pad(soFar, 0, blocks[i].end - blocks[i - 1].end), pad(part, blocks[i].first, 0)])
  )
  b.transpose(sum, [0, 2, 1, 3], output)
}

const causalAttention: Lowering<'CausalAttention'> = (b, node) => {
  const { inputs, outputs } = node
  const shape = attentionShape(b.graph, node)
  const { blocks, kept } = attentionPlan(shape, LIMITS)
  const query = b.name(inputs.query)
  const key = b.name(inputs.key)
  const q = queryHeads(b, query, shape)
  const k = keyHeads(b, key)
  const v = keyHeads(b, b.name(inputs.value))
  const parts = blocks.map(block => {
    const compute = () =>
      probabilities(b, queryBlock(b, q, shape, block, shape.D), keyRows(b, k, shape, block), shape, block, node)
    const P = kept ? b.once(keptKey(query, key, block), compute) : compute()
    return b.matMul(P, keyRows(b, v, shape, block))
  })
  joinQueryBlocks(b, blocks, parts, shape, b.name(outputs[0]))
}

const causalAttentionGrad: Lowering<'CausalAttentionGrad'> = (b, node) => {
  const { inputs, outputs, attributes } = node
  const shape = attentionShape(b.graph, node)
  const { blocks } = attentionPlan(shape, LIMITS)
  const scale = attributes.scale
  const [query, key, value, output, dy] = [inputs.query, inputs.key, inputs.value, inputs.output, inputs.dy].map(id =>
    b.name(id)
  )
  const q = queryHeads(b, query, shape)
  const k = keyHeads(b, key)
  const v = keyHeads(b, value)
  const dO = queryHeads(b, dy, shape)
  const { B, T, K, G, D } = shape
  const rowSums = b.op('ReduceSum', [b.op('Mul', [dy, output]), b.int64([-1])], { keepdims: 1 })
  const delta = b.transpose(b.reshape(rowSums, [B, T, K, G, 1]), [0, 2, 3, 1, 4])
  const parts = blocks.map(block => {
    const qRows = queryBlock(b, q, shape, block, D)
    const dORows = queryBlock(b, dO, shape, block, D)
    const keys = keyRows(b, k, shape, block)
    const values = keyRows(b, v, shape, block)
    const P = b.recall(keptKey(query, key, block)) ?? probabilities(b, qRows, keys, shape, block, node)
    const dP = b.matMul(dORows, values, { transB: true })
    const dS = b.op('Mul', [b.op('Sub', [dP, queryBlock(b, delta, shape, block, 1)]), P])
    return {
      dQuery: b.matMul(dS, keys, { alpha: scale }),
      dKey: b.matMul(dS, qRows, { transA: true, alpha: scale }),
      dValue: b.matMul(P, dORows, { transA: true })
    }
  })
  joinQueryBlocks(
    b,
    blocks,
    parts.map(part => part.dQuery),
    shape,
    b.name(outputs[0])
  )
  sumKeyParts(
    b,
    blocks,
    parts.map(part => part.dKey),
    b.name(outputs[1])
  )
  sumKeyParts(
    b,
    blocks,
    parts.map(part => part.dValue),
    b.name(outputs[2])
  )
}

export const attentionLowerings = {
  CausalAttention: causalAttention,
  CausalAttentionGrad: causalAttentionGrad,

  // com.microsoft GroupQueryAttention appends to the cache in place when past and present are one buffer.
  CachedAttention: (b: OnnxBuilder, node: NodeOf<'CachedAttention'>) => {
    const { inputs, outputs, attributes } = node
    const [B, T, H, D] = b.spec(inputs.query).shape
    const K = b.spec(inputs.key).shape[2]
    const past = b.name(inputs.pastLength)
    // ONNX Runtime 1.30: "head_size must be a multiple of 8", "batch_size must be 1 when sequence_length > 1 and past
    // context is given".
    if (b.setup.composedCaches || D % 8 !== 0 || (B > 1 && T > 1)) return composeCachedAttention(b, node)
    const lastSlot = b.once(`last slot ${past} ${B} ${T}`, () =>
      b.op('Expand', [b.op('Add', [past, b.scalar(T - 1, 'int32')]), b.int64([B])])
    )
    const total = b.once(`total ${past} ${T}`, () => b.op('Add', [past, b.scalar(T, 'int32')]))
    const flat = (id: ValueId, heads: number) => b.reshape(b.name(id), [B, T, heads * D])
    const [output, ...caches] = outputs.map(id => b.name(id))
    const S = b.spec(inputs.keyCache).shape[2]
    const slidingWindow = attributes.slidingWindow
    const bias = attributes.slopes ? cachedAlibiBias(b, past, T, S, attributes.slopes, total) : ''
    const sinks =
      T > 1 && H * T * S <= SCORES_AT_ONCE
        ? b.constant(`sinks that take nothing ${H}`, [H], () => new Float32Array(H).fill(MASKED))
        : ''
    const mixed = b.microsoft(
      'GroupQueryAttention',
      [
        flat(inputs.query, H),
        flat(inputs.key, K),
        flat(inputs.value, K),
        b.name(inputs.keyCache),
        b.name(inputs.valueCache),
        lastSlot,
        total,
        '',
        '',
        '',
        bias,
        sinks
      ],
      withoutUndefined({
        num_heads: H,
        kv_num_heads: K,
        scale: { float: attributes.scale },
        local_window_size: slidingWindow
      }),
      [`${output}_flat`, ...caches]
    )
    b.reshape(mixed, [B, T, H, D], output)
  }
} satisfies Partial<Lowerings>

/** slope · (slot of key − slot of query), [1, H, T, S] or, up to a slot, [1, H, T, `end`], once for all layers. */
const cachedAlibiBias = (b: OnnxBuilder, past: string, T: number, S: number, slopes: readonly number[], end?: string) =>
  b.once(`cache bias ${past} ${T} ${S} ${slopes.join()} ${end}`, () => {
    const range = (shape: readonly number[], from = 0) =>
      b.constant(
        `range from ${from} ${shape.join()}`,
        shape,
        () => Int32Array.from({ length: sizeOf(shape) }, (_, i) => from + i),
        'int32'
      )
    const slots = range([1, 1, 1, S])
    const keys = end === undefined ? slots : b.op('Slice', [slots, range([1]), b.reshape(end, [1]), range([1], 3)])
    const distance = b.op('Sub', [keys, b.op('Add', [range([1, 1, T, 1]), past])])
    return b.op('Mul', [
      b.op('Cast', [distance], { to: onnxType.float32 }),
      slopeColumn(b, slopes, [1, slopes.length, 1, 1])
    ])
  })

/** Rows `added` [B, T, K, D] scattered into a cache [B, K, S, D] after those that it has. */
export function writeCacheRows(b: OnnxBuilder, cache: ValueId, added: ValueId, past: string, output: string): string {
  const [B, T, K, D] = b.spec(added).shape
  const S = b.spec(cache).shape[2]
  // Row t of head k of example b goes to row (b·K + k)·S + pastLength + t of the cache, seen as [B·K·S, D].
  const rows = b.once(`cache rows ${past} ${B} ${K} ${T} ${S}`, () => {
    const first = b.constant(
      `first cache rows ${B} ${K} ${T} ${S}`,
      [B * K * T, 1],
      () => Int32Array.from({ length: B * K * T }, (_, i) => Math.floor(i / T) * S + (i % T)),
      'int32'
    )
    return b.op('Cast', [b.op('Add', [first, past])], { to: onnxType.int64 })
  })
  const updates = b.reshape(b.transpose(b.name(added), [0, 2, 1, 3]), [B * K * T, D])
  return b.reshape(b.op('ScatterND', [b.reshape(b.name(cache), [B * K * S, D]), rows, updates]), [B, K, S, D], output)
}

/**
 * Cached attention of any shape: rows scattered into the caches, then every slot scored and those after a row's own
 * masked.
 */
function composeCachedAttention(b: OnnxBuilder, node: NodeOf<'CachedAttention'>): void {
  const { inputs, outputs, attributes } = node
  const shape = attentionShape(b.graph, node)
  const { B, T, H, K, G, D, slidingWindow } = shape
  const S = b.spec(inputs.keyCache).shape[2]
  const past = b.name(inputs.pastLength)
  const int32 = (name: string, dims: readonly number[], of: (index: number) => number) =>
    b.constant(name, dims, () => Int32Array.from({ length: sizeOf(dims) }, (_, i) => of(i)), 'int32')
  const keys = writeCacheRows(b, inputs.keyCache, inputs.key, past, b.name(outputs[1]))
  const values = writeCacheRows(b, inputs.valueCache, inputs.value, past, b.name(outputs[2]))
  const q = b.reshape(queryHeads(b, b.name(inputs.query), shape), [B, K, G * T, D])
  const mask = b.once(`cache mask ${past} ${G} ${slidingWindow} ${T} ${S}`, () => {
    const row = b.op('Add', [int32(`rows ${G} × ${T}`, [G * T, 1], i => i % T), past])
    const slot = int32(`slots ${S}`, [1, S], i => i)
    const future = b.op('Greater', [slot, row])
    const hidden =
      slidingWindow === Infinity
        ? future
        : b.op('Or', [future, b.op('LessOrEqual', [slot, b.op('Sub', [row, b.scalar(slidingWindow, 'int32')])])])
    return b.op('Where', [hidden, b.scalar(MASKED), b.scalar(0)])
  })
  const products = b.matMul(q, keys, { transB: true, alpha: attributes.scale })
  const slopes = attributes.slopes
  const biased = slopes
    ? b.op('Add', [products, b.reshape(cachedAlibiBias(b, past, T, S, slopes), [1, K, G * T, S])])
    : products
  const scores = b.op('Add', [biased, mask])
  const mixed = b.reshape(b.matMul(b.op('Softmax', [scores], { axis: -1 }), values), [B, K, G, T, D])
  b.reshape(b.transpose(mixed, [0, 3, 1, 2, 4]), [B, T, H, D], b.name(outputs[0]))
}
