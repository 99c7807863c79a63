import type { GraphBuilder, Ref } from '../builder.js'
import type { Lowering } from '../lowering.js'

/** Logits are computed in pieces of at most this many elements (16 MB). */
const PIECE_ELEMENTS = 2 ** 22
/** Gradients of logits of up to this many elements (64 MB) are kept for the backward pass; more are computed again. */
const KEPT_ELEMENTS = 2 ** 24

interface Piece {
  readonly begin: number
  readonly rows: number
}

function piecesOf(N: number, V: number): Piece[] {
  const rows = Math.max(1, Math.min(N, Math.floor(PIECE_ELEMENTS / V)))
  return Array.from({ length: Math.ceil(N / rows) }, (_, i) => ({ begin: i * rows, rows: Math.min(rows, N - i * rows) }))
}

/** Losses [rows] and dLogits = softmax − onehot [rows, V] of a piece: one operator gives both. Starts after the `after` nodes. */
function entropyOf(b: GraphBuilder, hidden: Ref, weight: Ref, labels: Ref, { begin, rows }: Piece, [N, d]: readonly number[], after: readonly Ref[]): [Ref, Ref] {
  const rowsOf = rows === N && after.length === 0 ? hidden : b.slice(hidden, [begin, 0], [rows, d], after)
  const labelsOf = rows === N ? labels : b.slice(labels, [begin], [rows])
  const logits = b.float(b.matMul(rowsOf, weight, { transB: true }))
  return b.multiple('SparseSoftmaxCrossEntropyWithLogits', [logits, labelsOf], { T: { type: 'float32' }, Tlabels: { type: 'int32' } }, ['float32', 'float32']) as [Ref, Ref]
}

const keptKey = (hidden: Ref, weight: Ref, { begin }: Piece) => `gradient of logits ${hidden} ${weight} ${begin}`

export const crossEntropyLowerings: Readonly<Record<string, Lowering>> = {
  LinearCrossEntropy: (b, { inputs, outputs }) => {
    const [hidden, weight, labels] = [inputs.hidden, inputs.weight, inputs.labels].map(id => b.ref(id)), { shape } = b.spec(inputs.hidden), [V] = b.spec(inputs.weight).shape
    const kept = shape[0] * V <= KEPT_ELEMENTS, losses: Ref[] = []
    for (const piece of piecesOf(shape[0], V)) {
      // One piece after the other: TensorFlow would otherwise hold the logits of all of them at once.
      const [loss, dLogits] = entropyOf(b, hidden, weight, labels, piece, shape, losses.slice(-1))
      if (kept) b.once(keptKey(hidden, weight, piece), () => dLogits)
      losses.push(loss)
    }
    b.set(outputs[0], b.concat(losses, 0))
  },

  // dHidden = dy·(dLogits·W) and dW = dLogitsᵀ(dy·hidden): the row factors act on [rows, d].
  LinearCrossEntropyGrad: (b, { inputs, outputs }) => {
    const [hidden, weight, labels, dy] = [inputs.hidden, inputs.weight, inputs.labels, inputs.dy].map(id => b.ref(id)), { shape } = b.spec(inputs.hidden), [N, d] = shape, [V] = b.spec(inputs.weight).shape
    const factor = b.reshape(dy, [N, 1]), scaled = b.op('Mul', [hidden, factor]), dHidden: Ref[] = []
    let dWeight: Ref | undefined
    for (const piece of piecesOf(N, V)) {
      // Computed again only once the gradient has arrived: it is another node than the forward pass's, and its memory is short-lived.
      const dLogits = b.recall(keptKey(hidden, weight, piece)) ?? entropyOf(b, hidden, weight, labels, piece, shape, [...(dWeight ? [dWeight] : []), factor])[1]
      dHidden.push(b.float(b.matMul(dLogits, weight)))
      const rows = piece.rows === N ? scaled : b.slice(scaled, [piece.begin, 0], [piece.rows, d])
      const share = b.float(b.matMul(dLogits, rows, { transA: true }))
      dWeight = dWeight ? b.op('AddV2', [dWeight, share]) : share
    }
    b.set(outputs[0], b.op('Mul', [b.concat(dHidden, 0), factor]))
    b.set(outputs[1], dWeight as Ref)
  }
}

