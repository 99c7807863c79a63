import { rowBlocksOf, type NodeOf, type RowBlock } from '@skipwise/runtime'
import type { GraphBuilder, Lowering, Lowerings, Ref } from '../builder.js'

/** Logits are computed in pieces of at most this many elements (16 MB). */
export const PIECE_ELEMENTS = 2 ** 22
/** Gradients of logits of up to this many elements (64 MB) are kept for the backward pass; more are computed again. */
export const KEPT_ELEMENTS = 2 ** 24

/** What the logits are made of. */
interface Operands {
  readonly hidden: Ref
  readonly weight: Ref
  readonly bias: Ref | undefined
  readonly labels: Ref
}

const operandsOf = (
  b: GraphBuilder,
  { hidden, weight, bias, labels }: NodeOf<'LinearCrossEntropy'>['inputs']
): Operands => {
  const states = b.ref(hidden)
  return {
    hidden: states,
    weight: b.ref(weight, [states]),
    bias: bias === undefined ? undefined : b.ref(bias),
    labels: b.ref(labels)
  }
}

/**
 * Losses [rows] and dLogits = softmax − onehot [rows, V] of a piece. Starts after the `after` nodes. TensorFlow's own
 * SparseSoftmaxCrossEntropyWithLogits takes three times as long as its softmax. The largest probability p is exp(m −
 * log Σ exp) of the largest logit m, so that the loss m − z − log p of a label's logit z needs no second sum, and never
 * the logarithm of 0.
 */
function entropyOf(
  b: GraphBuilder,
  { hidden, weight, bias, labels }: Operands,
  { begin, rows }: RowBlock,
  [N, d]: readonly number[],
  after: readonly Ref[]
): [Ref, Ref] {
  const rowsOf = rows === N && after.length === 0 ? hidden : b.slice(hidden, [begin, 0], [rows, d], after)
  const labelsOf = rows === N ? labels : b.slice(labels, [begin], [rows])
  const products = b.float(b.matMul(rowsOf, weight, { transB: true }))
  const logits = bias === undefined ? products : b.op('AddV2', [products, bias])
  const row = b.constant(`rows ${rows}`, { type: 'int32', shape: [rows] }, () =>
    Int32Array.from({ length: rows }, (_, i) => i)
  )
  const places = b.op('Pack', [row, labelsOf], { N: 2, axis: 1 })
  const indexed = { Tindices: { type: 'int32' } } as const
  const ofLabel = b.op('GatherNd', [logits, places], { Tparams: { type: 'float32' }, ...indexed })
  const largest = b.reduce('Max', logits, [1])
  const P = b.op('Softmax', [logits], {}, { after: [ofLabel, largest] })
  const likeliest = b.reduce('Max', P, [1])
  const ones = b.constant(`ones ${rows}`, { type: 'float32', shape: [rows] }, () => new Float32Array(rows).fill(1))
  // After the reduction, so that it may write into the probabilities.
  const dLogits = b.op('TensorScatterSub', [P, places, ones], indexed, { after: [likeliest] })
  return [b.op('Sub', [b.op('Sub', [largest, ofLabel]), b.op('Log', [likeliest])]), dLogits]
}

const keptKey = ({ hidden, weight, bias }: Operands, { begin }: RowBlock) =>
  `gradient of logits ${hidden} ${weight} ${bias} ${begin}`

const crossEntropy: Lowering<'LinearCrossEntropy'> = (b, { inputs, outputs }) => {
  const operands = operandsOf(b, inputs)
  const { shape } = b.spec(inputs.hidden)
  const [V] = b.spec(inputs.weight).shape
  const kept = shape[0] * V <= KEPT_ELEMENTS
  const losses: Ref[] = []
  for (const piece of rowBlocksOf(shape[0], V, PIECE_ELEMENTS)) {
    // One piece after the other: TensorFlow would otherwise hold the logits of all of them at once.
    const [loss, dLogits] = entropyOf(b, operands, piece, shape, losses.slice(-1))
    if (kept) b.once(keptKey(operands, piece), () => dLogits)
    losses.push(loss)
  }
  b.set(outputs[0], b.concat(losses, 0))
}

// dHidden = dy·(dLogits·W), dW = dLogitsᵀ(dy·hidden) and dBias = dyᵀ·dLogits: the row factors act on [rows, d].
const crossEntropyGrad: Lowering<'LinearCrossEntropyGrad'> = (b, { inputs, outputs }) => {
  const operands = operandsOf(b, inputs)
  const { hidden, weight, bias } = operands
  const { shape } = b.spec(inputs.hidden)
  const [N, d] = shape
  const [V] = b.spec(inputs.weight).shape
  const factor = b.reshape(b.ref(inputs.dy), [N, 1])
  const scaled = b.op('Mul', [hidden, factor])
  const dHidden: Ref[] = []
  const rowsOf = (x: Ref, { begin, rows }: RowBlock, width: number) =>
    rows === N ? x : b.slice(x, [begin, 0], [rows, width])
  const plus = (sum: Ref | undefined, share: Ref) => (sum === undefined ? share : b.op('AddV2', [sum, share]))
  let dWeight: Ref | undefined, dBias: Ref | undefined
  for (const piece of rowBlocksOf(N, V, PIECE_ELEMENTS)) {
    // Computed again only once the gradient has arrived: it is another node than the forward pass's, and its memory is
    // short-lived.
    const dLogits =
      b.recall(keptKey(operands, piece)) ??
      entropyOf(b, operands, piece, shape, [...(dWeight ? [dWeight] : []), factor])[1]
    dHidden.push(b.float(b.matMul(dLogits, weight)))
    dWeight = plus(dWeight, b.float(b.matMul(dLogits, rowsOf(scaled, piece, d), { transA: true })))
    if (bias !== undefined)
      dBias = plus(
        dBias,
        b.op('MatMul', [rowsOf(factor, piece, 1), dLogits], { transpose_a: true, transpose_b: false })
      )
  }
  b.set(outputs[0], b.op('Mul', [b.concat(dHidden, 0), factor]))
  b.set(outputs[1], dWeight as Ref)
  if (dBias !== undefined) b.set(outputs[2], b.reshape(dBias, [V]))
}

export const crossEntropyLowerings = {
  LinearCrossEntropy: crossEntropy,
  LinearCrossEntropyGrad: crossEntropyGrad
} satisfies Partial<Lowerings>
