/** @typedef {import('@skipwise/core').RandomStream} RandomStream */
/** @typedef {{ hidden_size: number, intermediate_size: number, num_hidden_layers: number, num_attention_heads: number, rope_theta: number, vocab_size: number }} Shape */

/** Row-major matrix. @typedef {{ rows: number, columns: number, data: Float64Array }} Matrix */

/** Logit by which a head of layer 0 prefers the previous token, before the softmax. */
const PEAK = 40
/** Rotary pairs, the fastest first, that tell the previous token from its neighbours. */
const PAIRS = 5
/** Share of ordinary random weights in the queries and keys of layer 0. */
const REST = 0.3
/** Factor of the queries and keys of layer 1. */
const MATCH = 2
/** Factor of what layers from 1 on copy to the residual stream; half of it from layer 2 on. */
const COPY = 3

/**
 * The tensors of a LLaMA with as many key/value heads as heads and tied embeddings.
 *
 * Ordinary part: embeddings N(0, 1); projections N(0, 1 / inputs), those that write to the residual stream smaller by √(2 L); the last norm
 * d^-½, so that logits begin as N(0, 1). Structured part, with u a direction added to all embeddings alike, S and R random rotations:
 * layer 0 has queries and keys along u alone, turned by one position against each other, so its heads attend to the previous token; it
 * writes Rᵀ S x of that token. Layer 1 compares S x of the current token with R of what layer 0 wrote. Layers from 1 on copy what they attend
 * to: output = transposed value projection.
 *
 * @param {Shape} shape
 * @param {(tensor: number) => RandomStream} randomOf a stream of normal numbers for each tensor
 * @returns {import('@skipwise/checkpoints').TensorToWrite[]}
 */
export function initialWeights(shape, randomOf) {
  const { hidden_size: d, intermediate_size: F, num_hidden_layers: L, num_attention_heads: H, vocab_size: V } = shape
  let streams = 0
  const random = () => randomOf(streams++)
  const normal = (/** @type {number} */ rows, /** @type {number} */ columns, /** @type {number} */ deviation) => {
    const draw = random()
    return { rows, columns, data: Float64Array.from({ length: rows * columns }, () => deviation * draw.normal()) }
  }
  const rotation = () => orthogonal(normal(d, d, 1))
  const u = new Float64Array(d).fill(d ** -0.5), residual = (2 * L) ** -0.5

  const embedding = normal(V, d, 1), length = meanRowNorm(embedding)
  for (let i = 0; i < embedding.data.length; i++) embedding.data[i] += length * u[i % d]
  const S = withoutDirection(rotation(), u), R = rotation()

  /** @type {Record<string, Matrix>} */
  const matrices = { 'model.embed_tokens.weight': embedding }
  for (let layer = 0; layer < L; layer++) {
    const value = layer === 0 ? S : rotation(), copy = layer === 0 ? 1 : layer === 1 ? COPY : COPY / 2
    const [queries, keys] = layer === 0 ? previousTokenHeads(shape, u, () => normal(d, d, d ** -0.5)) : layer === 1 ? [scaled(S, MATCH), scaled(R, MATCH)] : []
    const prefix = `model.layers.${layer}`
    matrices[`${prefix}.self_attn.q_proj.weight`] = queries ?? normal(d, d, d ** -0.5)
    matrices[`${prefix}.self_attn.k_proj.weight`] = keys ?? normal(d, d, d ** -0.5)
    matrices[`${prefix}.self_attn.v_proj.weight`] = value
    matrices[`${prefix}.self_attn.o_proj.weight`] = scaled(transposed(layer === 0 ? R : value), copy)
    matrices[`${prefix}.mlp.gate_proj.weight`] = normal(F, d, d ** -0.5)
    matrices[`${prefix}.mlp.up_proj.weight`] = normal(F, d, d ** -0.5)
    matrices[`${prefix}.mlp.down_proj.weight`] = normal(d, F, F ** -0.5 * residual)
  }
  const norm = (/** @type {string} */ name, value = 1) => ({ name: `model.${name}.weight`, shape: [d], data: new Float32Array(d).fill(value) })
  const layers = Array.from({ length: L }, (_, layer) => layer)
  return [
    ...Object.entries(matrices).map(([name, { rows, columns, data }]) => ({ name, shape: [rows, columns], data: Float32Array.from(data) })),
    ...layers.flatMap(layer => [norm(`layers.${layer}.input_layernorm`), norm(`layers.${layer}.post_attention_layernorm`)]),
    norm('norm', d ** -0.5)
  ]
}

/**
 * Queries and keys of layer 0. In the first pairs, the query is (1, 0) along u and the key is (1, 0) turned by one position, in the layout
 * of rotate-half: their product is largest where the key stands one position before the query.
 *
 * @param {Shape} shape @param {Float64Array} u @param {() => Matrix} ordinary
 */
function previousTokenHeads({ hidden_size: d, num_attention_heads: H, rope_theta: base }, u, ordinary) {
  const D = d / H, alongU = Math.sqrt(d / 2), scale = Math.sqrt((PEAK * Math.sqrt(D)) / (PAIRS * alongU ** 2))
  const theta = (/** @type {number} */ pair) => base ** ((-2 * pair) / D)
  const wired = (/** @type {(pair: number) => readonly [number, number]} */ vector) => {
    const matrix = scaled(ordinary(), REST)
    for (let row = 0; row < d; row++) {
      const within = row % D, pair = within % (D / 2)
      if (pair >= PAIRS) continue
      const component = vector(pair)[within < D / 2 ? 0 : 1]
      for (let column = 0; column < d; column++) matrix.data[row * d + column] += scale * component * u[column]
    }
    return matrix
  }
  return [wired(() => [1, 0]), wired(pair => [Math.cos(theta(pair)), Math.sin(theta(pair))])]
}

/** Gram–Schmidt over the rows, twice for accuracy. @param {Matrix} matrix square @returns {Matrix} */
export function orthogonal({ rows, columns, data }) {
  const result = Float64Array.from(data)
  for (let row = 0; row < rows; row++) {
    const current = result.subarray(row * columns, (row + 1) * columns)
    for (let other = 0; other < 2 * row; other++) {
      const before = result.subarray((other % row) * columns, ((other % row) + 1) * columns), along = dot(current, before)
      for (let i = 0; i < columns; i++) current[i] -= along * before[i]
    }
    const length = Math.sqrt(dot(current, current))
    for (let i = 0; i < columns; i++) current[i] /= length
  }
  return { rows, columns, data: result }
}

/** @param {Float64Array} a @param {Float64Array} b */
function dot(a, b) {
  let sum = 0
  for (let i = 0; i < a.length; i++) sum += a[i] * b[i]
  return sum
}

/** M − (M u) uᵀ: blind to u. @param {Matrix} matrix @param {Float64Array} u @returns {Matrix} */
function withoutDirection({ rows, columns, data }, u) {
  const result = Float64Array.from(data)
  for (let row = 0; row < rows; row++) {
    const along = dot(data.subarray(row * columns, (row + 1) * columns), u)
    for (let i = 0; i < columns; i++) result[row * columns + i] -= along * u[i]
  }
  return { rows, columns, data: result }
}

/** @param {Matrix} matrix @param {number} factor @returns {Matrix} */
const scaled = ({ rows, columns, data }, factor) => ({ rows, columns, data: data.map(value => value * factor) })

/** @param {Matrix} matrix @returns {Matrix} */
const transposed = ({ rows, columns, data }) => ({
  rows: columns,
  columns: rows,
  data: Float64Array.from({ length: data.length }, (_, i) => data[(i % rows) * columns + Math.floor(i / rows)])
})

/** @param {Matrix} matrix */
function meanRowNorm({ rows, columns, data }) {
  let sum = 0
  for (let row = 0; row < rows; row++) sum += Math.sqrt(dot(data.subarray(row * columns, (row + 1) * columns), data.subarray(row * columns, (row + 1) * columns)))
  return sum / rows
}
