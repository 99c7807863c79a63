import { MASKED, rowBlocks, type AttentionShape, type NodeOf, type RowBlock, type ValueId } from '@skipwise/runtime'
import type { Lowering, Lowerings, OnnxBuilder } from '../builder.js'
import { onnxType } from '../onnx-model.js'
import { joinQueryBlocks, keyHeads, queryHeads, slopeColumn, writeCacheRows } from './attention.js'

/**
 * Scores of a block of rows have up to this many elements (4 MB), so that a chunk needs no more memory the longer its
 * past is.
 */
const SCORE_ELEMENTS = 2 ** 20
/** Fewer rows are slower. */
const LEAST_ROWS = 32

/** A node of attention of a chunk, of either pass. */
type ChunkNode = NodeOf<'ChunkAttention'> | NodeOf<'ChunkAttentionGrad'>

interface Shape extends AttentionShape {
  /** Slots for the past. */
  S: number
}

function shapeOf(
  b: OnnxBuilder,
  { inputs: { query, pastKeys }, attributes: { slidingWindow = Infinity } }: ChunkNode
): Shape {
  const [B, T, H, D] = b.spec(query).shape
  const [, K, S] = b.spec(pastKeys).shape
  return { B, T, H, K, G: H / K, D, S, slidingWindow }
}

const blocksOf = ({ B, T, H, S }: Shape): RowBlock[] =>
  rowBlocks(T, Math.max(LEAST_ROWS, 2 ** Math.floor(Math.log2(SCORE_ELEMENTS / (B * H * (S + T))))))

/**
 * The part of the past that a chunk reads, of shapes that only a run knows: slots `start` … `end` − 1, int64 [1]. So
 * one program serves every chunk of a sequence and computes no more than the chunk's past.
 */
function pastRange(
  b: OnnxBuilder,
  past: string,
  { slidingWindow }: Shape
): { readonly start: string; readonly end: string } {
  const end = b.once(`past of ${past}`, () => b.reshape(b.op('Cast', [past], { to: onnxType.int64 }), [1]))
  return {
    start:
      slidingWindow === Infinity
        ? b.int64([0])
        : b.once(`past from ${past} ${slidingWindow}`, () =>
            b.op('Max', [b.op('Sub', [end, b.int64([slidingWindow - 1])]), b.int64([0])])
          ),
    end
  }
}

/** What a chunk reads of the past, followed by its own rows, along an axis. */
const behindPast = (
  b: OnnxBuilder,
  past: string,
  own: string,
  axis: number,
  { start, end }: ReturnType<typeof pastRange>
) => b.op('Concat', [b.op('Slice', [past, start, end, b.int64([axis])]), own], { axis })

/** All that both passes read. */
function partsOf(b: OnnxBuilder, node: ChunkNode) {
  const { inputs, attributes } = node
  const shape = shapeOf(b, node)
  const { B, T, K, G, S, slidingWindow } = shape
  const blocks = blocksOf(shape)
  const past = b.name(inputs.pastLength)
  const range = pastRange(b, past, shape)
  const slopes = attributes.slopes
  const q = queryHeads(b, b.name(inputs.query), shape)
  // made again in each pass: they are copies of a whole past, and would wait for the backward pass
  const keys = behindPast(b, b.name(inputs.pastKeys), keyHeads(b, b.name(inputs.key)), 2, range)
  const values = behindPast(b, b.name(inputs.pastValues), keyHeads(b, b.name(inputs.value)), 2, range)
  const int32 = (from: number, length: number, dims: readonly number[]) =>
    b.constant(`range ${from} ${dims.join()}`, dims, () => Int32Array.from({ length }, (_, i) => from + i), 'int32')
  // index in the sequence: of the keys, [1, N], and of a block's rows, [rows, 1]
  const index = b.once(`indices ${past} ${slidingWindow} ${T} ${S}`, () =>
    behindPast(b, int32(0, S, [1, S]), b.op('Add', [int32(0, T, [1, T]), past]), 1, range)
  )
  const mask = ({ begin, end }: RowBlock) =>
    b.once(`chunk mask ${past} ${slidingWindow} ${T} ${S} ${begin} ${end}`, () => {
      const row = b.op('Add', [int32(begin, end - begin, [end - begin, 1]), past])
      const future = b.op('Greater', [index, row])
      const hidden =
        slidingWindow === Infinity
          ? future
          : b.op('Or', [future, b.op('LessOrEqual', [index, b.op('Sub', [row, b.scalar(slidingWindow, 'int32')])])])
      return b.op('Where', [hidden, b.scalar(MASKED), b.scalar(0)])
    })
  // a number of every token, of the key less that of the query, [B, 1, 1, rows, N]
  const differences = (own: string, before: string, { begin, end }: RowBlock) => {
    const all = b.once(`numbers ${own} ${before} ${slidingWindow}`, () =>
      b.reshape(behindPast(b, before, own, 1, range), [B, 1, 1, 1, -1])
    )
    return b.op('Sub', [all, b.reshape(b.slice(own, 1, begin, end), [B, 1, 1, end - begin, 1])])
  }
  const documents = (block: RowBlock, own: ValueId, before: ValueId) =>
    b.once(`chunk documents ${past} ${slidingWindow} ${block.begin}`, () => {
      const difference = differences(b.name(own), b.name(before), block)
      return b.op('Add', [b.op('Mul', [b.op('Mul', [difference, difference]), b.scalar(MASKED)]), mask(block)])
    })
  const distances = (block: RowBlock, own: ValueId, before: ValueId) =>
    b.once(`chunk distances ${past} ${slidingWindow} ${block.begin}`, () =>
      differences(b.name(own), b.name(before), block)
    )
  const masked = (block: RowBlock) => {
    const { documents: own, pastDocuments: before } = inputs
    return own === undefined || before === undefined ? mask(block) : documents(block, own, before)
  }
  const added = (block: RowBlock) => {
    const { positions: own, pastPositions: before } = inputs
    if (!slopes || own === undefined || before === undefined) return masked(block)
    const bias = b.op('Mul', [distances(block, own, before), slopeColumn(b, slopes, [1, K, G, 1, 1])])
    return b.op('Add', [bias, masked(block)])
  }
  /** Rows of a block with the group stacked along rows: [B, K, G·rows, width]. */
  const rowsOf = (x: string, { begin, end }: RowBlock, width: number) =>
    b.reshape(b.slice(x, 3, begin, end), [B, K, G * (end - begin), width])
  /** [B, K, G·rows, N] */
  const probabilities = (rows: string, block: RowBlock) => {
    const size = block.end - block.begin
    const products = b.reshape(b.matMul(rows, keys, { transB: true, alpha: attributes.scale }), [B, K, G, size, -1])
    return b.reshape(b.op('Softmax', [b.op('Add', [products, added(block)])], { axis: -1 }), [B, K, G * size, -1])
  }
  return { shape, blocks, range, q, keys, values, rowsOf, probabilities }
}

const chunkAttention: Lowering<'ChunkAttention'> = (b, node) => {
  const { shape, blocks, q, values, rowsOf, probabilities } = partsOf(b, node)
  joinQueryBlocks(
    b,
    blocks,
    blocks.map(block => b.matMul(probabilities(rowsOf(q, block, shape.D), block), values)),
    shape,
    b.name(node.outputs[0])
  )
}

const chunkAttentionGrad: Lowering<'ChunkAttentionGrad'> = (b, node) => {
  const { inputs, outputs, attributes } = node
  const { shape, blocks, range, q, keys, values, rowsOf, probabilities } = partsOf(b, node)
  const { B, T, K, G, D, S } = shape
  const scale = attributes.scale
  const dy = b.name(inputs.dy)
  const dO = queryHeads(b, dy, shape)
  const rowSums = b.op('ReduceSum', [b.op('Mul', [dy, b.name(inputs.output)]), b.int64([-1])], { keepdims: 1 })
  const delta = b.transpose(b.reshape(rowSums, [B, T, K, G, 1]), [0, 2, 3, 1, 4])
  const parts = blocks.map(block => {
    const qRows = rowsOf(q, block, D)
    const dORows = rowsOf(dO, block, D)
    const P = probabilities(qRows, block)
    const dS = b.op('Mul', [b.op('Sub', [b.matMul(dORows, values, { transB: true }), rowsOf(delta, block, 1)]), P])
    return {
      dQuery: b.matMul(dS, keys, { alpha: scale }),
      dKeys: b.matMul(dS, qRows, { transA: true, alpha: scale }),
      dValues: b.matMul(P, dORows, { transA: true })
    }
  })
  joinQueryBlocks(
    b,
    blocks,
    parts.map(part => part.dQuery),
    shape,
    b.name(outputs[0])
  )
  const count = b.op('Sub', [range.end, range.start])
  const last = b.int64([Number.MAX_SAFE_INTEGER])
  const axis = b.int64([2])
  // the gradient of every slot, zero where nothing was read
  const pads = b.op(
    'Concat',
    [b.int64([0, 0]), range.start, b.int64([0, 0, 0]), b.op('Sub', [b.int64([S]), range.end]), b.int64([0])],
    { axis: 0 }
  )
  const give = (sums: string, own: number, past: number) => {
    b.reshape(b.transpose(b.op('Slice', [sums, count, last, axis]), [0, 2, 1, 3]), [B, T, K, D], b.name(outputs[own]))
    b.op('Pad', [b.op('Slice', [sums, b.int64([0]), count, axis]), pads], {}, b.name(outputs[past]))
  }
  give(
    parts.map(({ dKeys }) => dKeys).reduce((sum, part) => b.op('Add', [sum, part])),
    1,
    3
  )
  give(
    parts.map(({ dValues }) => dValues).reduce((sum, part) => b.op('Add', [sum, part])),
    2,
    4
  )
}

export const chunkAttentionLowerings = {
  ChunkAttention: chunkAttention,
  ChunkAttentionGrad: chunkAttentionGrad,
  CacheWrite: (b, { inputs, outputs }) =>
    writeCacheRows(b, inputs.cache, inputs.rows, b.name(inputs.pastLength), b.name(outputs[0]))
} satisfies Partial<Lowerings>
