import { rowBlocksOf, type NodeOf, type RowBlock } from '@skipwise/runtime'
import type { Lowering, Lowerings, OnnxBuilder } from '../builder.js'
import { onnxType } from '../onnx-model.js'
import { wideCrossEntropy, wideCrossEntropyGrad } from './wide-cross-entropy.js'

/** Logits are computed in pieces of at most this many elements (16 MB). */
const PIECE_ELEMENTS = 2 ** 22
/** Probabilities of up to this many elements (64 MB) are kept for the backward pass; of more see `wideCrossEntropy`. */
const KEPT_ELEMENTS = 2 ** 24

/** A node of either pass. */
type CrossEntropyNode = NodeOf<'LinearCrossEntropy'> | NodeOf<'LinearCrossEntropyGrad'>

const rowsOf = (b: OnnxBuilder, x: string, N: number, { begin, end }: RowBlock) =>
  end - begin === N ? x : b.once(`rows ${begin} to ${end} of ${x}`, () => b.slice(x, 0, begin, end))
const join = (b: OnnxBuilder, parts: readonly string[], output: string) =>
  void (parts.length === 1 ? b.op('Identity', parts, {}, output) : b.op('Concat', parts, { axis: 0 }, output))
// A chain of Add: ONNX Runtime's Sum of four is slower than three additions.
const total = (b: OnnxBuilder, parts: readonly string[]) => parts.reduce((sum, part) => b.op('Add', [sum, part]))

/** hidden · weightᵀ, and the bias where there is one. */
function logitsOf(b: OnnxBuilder, rows: string, { inputs }: CrossEntropyNode): string {
  const product = b.matMul(rows, b.name(inputs.weight), { transB: true })
  return inputs.bias === undefined ? product : b.op('Add', [product, b.name(inputs.bias)])
}

const keptKey = ({ inputs: { hidden, weight, bias } }: CrossEntropyNode, { begin }: RowBlock) =>
  `softmax ${hidden} ${weight} ${bias} ${begin}`

/** Whether probabilities of all rows are too many to keep. */
const isWide = (b: OnnxBuilder, { inputs: { hidden, weight } }: CrossEntropyNode): boolean =>
  b.spec(hidden).shape[0] * b.spec(weight).shape[0] > KEPT_ELEMENTS

const crossEntropy: Lowering<'LinearCrossEntropy'> = (b, node) => {
  if (isWide(b, node)) return wideCrossEntropy(b, node)
  const { inputs, outputs } = node
  const [hidden, labels] = [inputs.hidden, inputs.labels].map(id => b.name(id))
  const [N] = b.spec(inputs.hidden).shape
  const [V] = b.spec(inputs.weight).shape
  const parts = rowBlocksOf(N, V, PIECE_ELEMENTS).map(piece => {
    const { rows } = piece
    const logits = logitsOf(b, rowsOf(b, hidden, N, piece), node)
    const probabilities = b.once(keptKey(node, piece), () => b.op('Softmax', [logits], { axis: -1 }))
    // −log p = max − log p_max − logit: p_max ≥ 1/V, so nothing underflows however unlikely the label is.
    const maximum = (x: string) => b.reduce('ReduceMax', x, [1], 1)
    const ofLabel = b.op('GatherElements', [logits, b.reshape(rowsOf(b, labels, N, piece), [rows, 1])], { axis: 1 })
    const nll = b.op('Sub', [b.op('Sub', [maximum(logits), b.op('Log', [maximum(probabilities)])]), ofLabel])
    return b.reshape(nll, [rows])
  })
  join(b, parts, b.name(outputs[0]))
}

// With P the softmax and Y the one-hot labels:  dH = dy·(P·W − W[label]),  dW = Pᵀ(dy·H) − Yᵀ(dy·H),  dBias = Pᵀdy −
// Yᵀdy. The row factors act on [rows, d] and Y is a gather and a scatter: no pass over [rows, V] besides the products.
const crossEntropyGrad: Lowering<'LinearCrossEntropyGrad'> = (b, node) => {
  if (isWide(b, node)) return wideCrossEntropyGrad(b, node)
  const { inputs, outputs } = node
  const [hidden, weight, labels, dy] = [inputs.hidden, inputs.weight, inputs.labels, inputs.dy].map(id => b.name(id))
  const [N, d] = b.spec(inputs.hidden).shape
  const [V] = b.spec(inputs.weight).shape
  const pieces = rowBlocksOf(N, V, PIECE_ELEMENTS)
  const factor = b.reshape(dy, [N, 1])
  const scaled = b.op('Mul', [hidden, factor])
  // a head that is frozen has no gradient
  const isTrained = b.isRead(outputs[1])
  const shares = pieces.map(piece => {
    const rows = rowsOf(b, hidden, N, piece)
    const P = b.recall(keptKey(node, piece)) ?? b.op('Softmax', [logitsOf(b, rows, node)], { axis: -1 })
    const dHidden = b.op('Sub', [
      b.matMul(P, weight),
      b.op('Gather', [weight, rowsOf(b, labels, N, piece)], { axis: 0 })
    ])
    return {
      dHidden,
      dWeight: isTrained ? b.matMul(P, rowsOf(b, scaled, N, piece), { transA: true }) : '',
      dBias:
        outputs.length < 3 || !b.isRead(outputs[2]) ? '' : b.matMul(P, rowsOf(b, factor, N, piece), { transA: true })
    }
  })
  const dHidden =
    shares.length === 1
      ? shares[0].dHidden
      : b.op(
          'Concat',
          shares.map(share => share.dHidden),
          { axis: 0 }
        )
  b.op('Mul', [dHidden, factor], {}, b.name(outputs[0]))
  const labelRows = () =>
    b.once(`label rows ${labels}`, () => b.op('Cast', [b.reshape(labels, [N, 1])], { to: onnxType.int64 }))
  if (isTrained)
    b.scatterAdd(
      b.reshape(
        total(
          b,
          shares.map(share => share.dWeight)
        ),
        [V, d]
      ),
      labelRows(),
      b.op('Neg', [scaled]),
      b.name(outputs[1])
    )
  if (outputs.length > 2 && b.isRead(outputs[2]))
    b.scatterAdd(
      b.reshape(
        total(
          b,
          shares.map(share => share.dBias)
        ),
        [V]
      ),
      labelRows(),
      b.op('Neg', [dy]),
      b.name(outputs[2])
    )
}

/** The same with a bias of the output layer and without. */
export const crossEntropyLowerings = {
  LinearCrossEntropy: crossEntropy,
  LinearCrossEntropyGrad: crossEntropyGrad
} satisfies Partial<Lowerings>
