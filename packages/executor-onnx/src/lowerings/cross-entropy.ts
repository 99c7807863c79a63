import type { OnnxBuilder } from '../builder.js'
import type { Lowering } from '../lowering.js'

/** Logits are computed in pieces of at most this many elements (16 MB). */
const PIECE_ELEMENTS = 2 ** 22
/** Probabilities of up to this many elements (64 MB) are kept for the backward pass; more are computed again. */
const KEPT_ELEMENTS = 2 ** 24

interface Piece {
  begin: number
  end: number
}

function piecesOf(N: number, V: number): Piece[] {
  const rows = Math.max(1, Math.min(N, Math.floor(PIECE_ELEMENTS / V)))
  return Array.from({ length: Math.ceil(N / rows) }, (_, i) => ({ begin: i * rows, end: Math.min(N, (i + 1) * rows) }))
}

const rowsOf = (b: OnnxBuilder, x: string, N: number, { begin, end }: Piece) => (end - begin === N ? x : b.once(`rows ${begin} to ${end} of ${x}`, () => b.slice(x, 0, begin, end)))
const join = (b: OnnxBuilder, parts: readonly string[], output: string) => void (parts.length === 1 ? b.op('Identity', parts, {}, output) : b.op('Concat', parts, { axis: 0 }, output))
const logitsOf = (b: OnnxBuilder, hidden: string, weight: string) => b.matMul(hidden, weight, { transB: true })
const keptKey = (hidden: string, weight: string, { begin }: Piece) => `softmax ${hidden} ${weight} ${begin}`

export const crossEntropyLowerings: Readonly<Record<string, Lowering>> = {
  LinearCrossEntropy: (b, { inputs, outputs }) => {
    const [hidden, weight, labels] = [inputs.hidden, inputs.weight, inputs.labels].map(id => b.name(id)), [N] = b.spec(inputs.hidden).shape, [V] = b.spec(inputs.weight).shape
    const kept = N * V <= KEPT_ELEMENTS
    const parts = piecesOf(N, V).map(piece => {
      const rows = piece.end - piece.begin, logits = logitsOf(b, rowsOf(b, hidden, N, piece), weight)
      const softmax = () => b.op('Softmax', [logits], { axis: -1 })
      const probabilities = kept ? b.once(keptKey(hidden, weight, piece), softmax) : softmax()
      // −log p = max − log p_max − logit: p_max ≥ 1/V, so nothing underflows however unlikely the label is.
      const maximum = (x: string) => b.op('ReduceMax', [x], { axes: [1], keepdims: 1 })
      const ofLabel = b.op('GatherElements', [logits, b.reshape(rowsOf(b, labels, N, piece), [rows, 1])], { axis: 1 })
      const nll = b.op('Sub', [b.op('Sub', [maximum(logits), b.op('Log', [maximum(probabilities)])]), ofLabel])
      return b.reshape(nll, [rows])
    })
    join(b, parts, b.name(outputs[0]))
  },

  // With P the softmax and Y the one-hot labels:  dH = dy·(P·W − W[label]),  dW = Pᵀ(dy·H) − Yᵀ(dy·H).
  // The row factors act on [rows, d] and Y is a gather and a scatter: no pass over [rows, V] beside the two products.
  LinearCrossEntropyGrad: (b, { inputs, outputs }) => {
    const [hidden, weight, labels, dy] = [inputs.hidden, inputs.weight, inputs.labels, inputs.dy].map(id => b.name(id)), [N, d] = b.spec(inputs.hidden).shape, [V] = b.spec(inputs.weight).shape
    const pieces = piecesOf(N, V), factor = b.reshape(dy, [N, 1]), scaled = b.op('Mul', [hidden, factor])
    const shares = pieces.map(piece => {
      const rows = rowsOf(b, hidden, N, piece)
      const P = b.recall(keptKey(hidden, weight, piece)) ?? b.op('Softmax', [logitsOf(b, rows, weight)], { axis: -1 })
      const expected = b.op('Sub', [b.matMul(P, weight), b.op('Gather', [weight, rowsOf(b, labels, N, piece)], { axis: 0 })])
      return { dHidden: expected, dWeight: b.matMul(P, rowsOf(b, scaled, N, piece), { transA: true }) }
    })
    const dHidden = shares.length === 1 ? shares[0].dHidden : b.op('Concat', shares.map(share => share.dHidden), { axis: 0 })
    b.op('Mul', [dHidden, factor], {}, b.name(outputs[0]))
    const products = shares.length === 1 ? shares[0].dWeight : b.op('Sum', shares.map(share => share.dWeight))
    const rows = b.op('Cast', [b.reshape(labels, [N, 1])], { to: 7 })
    b.scatterAdd(b.reshape(products, [V, d]), rows, b.op('Neg', [scaled]), b.name(outputs[1]))
  }
}
