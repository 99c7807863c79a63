import { rowBlocks, rowBlocksOf, type NodeOf, type RowBlock } from '@skipwise/runtime'
import type { Lowering, OnnxBuilder } from '../builder.js'
import { onnxType } from '../onnx-model.js'

/**
 * Logits are computed in pieces of at most this many elements (64 MB): some columns, tokens of the vocabulary, of as
 * many rows as possible, since each piece reads its rows of the weights again.
 */
const PIECE_ELEMENTS = 2 ** 24
/** Rows of a piece at most: of more, columns would be few. */
const MOST_ROWS = 2 ** 13

type CrossEntropyNode = NodeOf<'LinearCrossEntropy'> | NodeOf<'LinearCrossEntropyGrad'>

/** log Σ exp of logits: of the whole rows, and of each piece of columns, [rows, 1]. */
interface Normalizers {
  readonly whole: string
  readonly pieces: readonly string[]
}

const piecesOf = (V: number, rows: number): RowBlock[] => rowBlocksOf(V, rows, PIECE_ELEMENTS)

/** The rows of a value that are a block of them. */
const blockOf = (b: OnnxBuilder, id: number, { begin, end, rows }: RowBlock): string => {
  const isWhole = rows === b.spec(id).shape[0]
  const select = (x: string) => (isWhole ? x : b.slice(x, 0, begin, end))
  return b.rowsOf(id, rows, select)
}

/** Some columns of the logits of a block of rows, and the rows of the weights that they are of. */
function logitsOf(b: OnnxBuilder, { inputs }: CrossEntropyNode, block: RowBlock, piece: RowBlock) {
  const hidden = b.once(`hidden ${inputs.hidden} ${block.begin}`, () => blockOf(b, inputs.hidden, block))
  const weight = blockOf(b, inputs.weight, piece)
  const product = b.matMul(hidden, weight, { transB: true })
  const logits = inputs.bias === undefined ? product : b.op('Add', [product, blockOf(b, inputs.bias, piece)])
  return { logits, weight }
}

const maximum = (b: OnnxBuilder, x: string) => b.reduce('ReduceMax', x, [1], 1)
const keyOf = ({ inputs: { hidden, weight, bias } }: CrossEntropyNode, { begin }: RowBlock) =>
  `normalizer ${hidden} ${weight} ${bias} ${begin}`

/** Normalizers that a forward pass of the same graph has made. */
function madeBefore(b: OnnxBuilder, node: CrossEntropyNode, block: RowBlock): Normalizers | undefined {
  const whole = b.recall(keyOf(node, block))
  const [V] = b.spec(node.inputs.weight).shape
  const pieces = piecesOf(V, block.rows).map((_, i) => b.recall(`${keyOf(node, block)} piece ${i}`) ?? '')
  return whole === undefined ? undefined : { whole, pieces }
}

/** max − log p_max: p_max ≥ 1 / columns, so nothing underflows. */
const normalizerOf = (b: OnnxBuilder, logits: string): string =>
  b.op('Sub', [maximum(b, logits), b.op('Log', [maximum(b, b.op('Softmax', [logits], { axis: -1 }))])])

/** log Σ exp over columns, [rows, C] to [rows, 1]. */
function logSumExp(b: OnnxBuilder, x: string): string {
  const most = maximum(b, x)
  return b.op('Add', [most, b.op('Log', [b.reduce('ReduceSum', b.op('Exp', [b.op('Sub', [x, most])]), [1], 1)])])
}

/** The logits of labels that are among these columns, else 0, [rows, 1]. */
function labelLogits(b: OnnxBuilder, logits: string, labels: string, { begin, rows }: RowBlock): string {
  const place = b.op('Sub', [labels, b.scalar(begin, 'int32')])
  const isHere = b.op('And', [
    b.op('GreaterOrEqual', [place, b.scalar(0, 'int32')]),
    b.op('Less', [place, b.scalar(rows, 'int32')])
  ])
  const inside = b.op('Min', [b.op('Max', [place, b.scalar(0, 'int32')]), b.scalar(rows - 1, 'int32')])
  return b.op('Where', [isHere, b.op('GatherElements', [logits, inside], { axis: 1 }), b.scalar(0)])
}

// after all of its parts are made, so that ONNX Runtime adds each as soon as it is there
const total = (b: OnnxBuilder, parts: readonly string[]) => parts.reduce((sum, part) => b.op('Add', [sum, part]))
const joined = (b: OnnxBuilder, parts: readonly string[], axis = 0) =>
  parts.length === 1 ? parts[0] : b.op('Concat', parts, { axis })

/**
 * `x`, which is there when `first` is. ONNX Runtime runs what an output needs, output after output: what reads a piece
 * for another output would keep it in memory until then.
 */
function tied(b: OnnxBuilder, x: string, first: string): string {
  const corner = b.slice(b.slice(first, 0, 0, 1), 1, 0, 1)
  return b.op('Add', [x, b.op('Mul', [corner, b.scalar(0)])])
}

/** Normalizers of a block of rows, and with labels the logits of these. */
function normalize(b: OnnxBuilder, node: CrossEntropyNode, block: RowBlock, labels?: string) {
  const [V] = b.spec(node.inputs.weight).shape
  const columns = piecesOf(V, block.rows).map(piece => {
    const { logits } = logitsOf(b, node, block, piece)
    const normalizer = normalizerOf(b, logits)
    // together, so that neither waits for the logits of the other
    return labels === undefined
      ? [normalizer]
      : split(b, b.op('Concat', [normalizer, labelLogits(b, logits, labels, piece)], { axis: 1 }))
  })
  const pieces = columns.map(([normalizer], i) => b.once(`${keyOf(node, block)} piece ${i}`, () => normalizer))
  const whole = b.once(keyOf(node, block), () => logSumExp(b, joined(b, pieces, 1)))
  return { normalizers: { whole, pieces }, ofLabels: columns.flatMap(([, label]) => label ?? []) }
}

/** The two columns of [rows, 2]. */
const split = (b: OnnxBuilder, x: string): string[] => [b.slice(x, 1, 0, 1), b.slice(x, 1, 1, 2)]

/** −log p of labels by pieces of the vocabulary: no more than a piece of the logits, or of the weights, is there. */
export const wideCrossEntropy: Lowering<'LinearCrossEntropy'> = (b, node) => {
  const { inputs, outputs } = node
  const [N] = b.spec(inputs.hidden).shape
  const parts = rowBlocks(N, Math.min(N, MOST_ROWS)).map(block => {
    const labels = b.reshape(blockOf(b, inputs.labels, block), [block.rows, 1])
    const { normalizers, ofLabels } = normalize(b, node, block, labels)
    return b.reshape(b.op('Sub', [normalizers.whole, total(b, ofLabels)]), [block.rows])
  })
  b.op('Identity', [joined(b, parts)], {}, b.name(outputs[0]))
}

// With P the softmax of a piece and r = exp(its normalizer − that of the row): dH = dy·(Σ r·(P·W) − W[label]), dW =
// Pᵀ(r·dy·H) − Yᵀ(dy·H) of a piece. Factors act on [rows, d]: no pass over logits besides the products and the softmax.
export const wideCrossEntropyGrad: Lowering<'LinearCrossEntropyGrad'> = (b, node) => {
  const { inputs, outputs } = node
  const [N, d] = b.spec(inputs.hidden).shape
  const [V] = b.spec(inputs.weight).shape
  const isTrained = b.isRead(outputs[1])
  const hasBias = outputs.length > 2 && b.isRead(outputs[2])
  const factor = b.reshape(b.name(inputs.dy), [N, 1])
  const scaled = b.op('Mul', [b.name(inputs.hidden), factor])
  const blocks = rowBlocks(N, Math.min(N, MOST_ROWS)).map(block => {
    const rowsOf = (x: string) => (block.rows === N ? x : b.slice(x, 0, block.begin, block.end))
    const { whole, pieces } = madeBefore(b, node, block) ?? normalize(b, node, block).normalizers
    const rows = rowsOf(scaled)
    const factors = rowsOf(factor)
    return piecesOf(V, block.rows).map((piece, i) => {
      const { logits, weight } = logitsOf(b, node, block, piece)
      const P = b.op('Softmax', [logits], { axis: -1 })
      const share = b.op('Exp', [b.op('Sub', [pieces[i], whole])])
      const columns = (x: string) => b.matMul(P, b.op('Mul', [x, share]), { transA: true })
      const dWeight = isTrained ? [columns(rows)] : []
      const dBias = hasBias ? [columns(factors)] : []
      const after = [...dWeight, ...dBias].reduce((x, first) => tied(b, x, first), share)
      return { dHidden: b.op('Mul', [b.matMul(P, weight), after]), dWeight, dBias }
    })
  })
  const gathered = b.rowsOf(inputs.weight, N, x => b.op('Gather', [x, b.name(inputs.labels)], { axis: 0 }))
  const sums = blocks.map(pieces =>
    total(
      b,
      pieces.map(({ dHidden }) => dHidden)
    )
  )
  const dHidden = b.op('Mul', [b.op('Sub', [joined(b, sums), gathered]), factor], {}, b.name(outputs[0]))
  const scatter = (key: 'dWeight' | 'dBias', shape: readonly number[], updates: string, output?: string) => {
    const parts = blocks.map(pieces =>
      joined(
        b,
        pieces.flatMap(piece => piece[key])
      )
    )
    const whole = b.reshape(total(b, parts), shape)
    const rows = b.op('Cast', [b.reshape(b.name(inputs.labels), [N, 1])], { to: onnxType.int64 })
    // made last, so that the gradient of the hidden states comes before those of the weights
    return b.scatterAdd(whole, rows, tied(b, b.op('Neg', [updates]), dHidden), output)
  }
  if (isTrained) scatter('dWeight', [V, d], scaled, b.name(outputs[1]))
  if (hasBias) b.reshape(scatter('dBias', [V, 1], factor), [V], b.name(outputs[2]))
}
