/**
 * Rows of query and key projections as llama.cpp's LLaMA rotates them: neighbours (2j, 2j + 1) make a pair, where a
 * checkpoint of transformers has the pair (j, j + D/2). [H·D, columns] → the same shape.
 *
 * @param heads H of the projection
 * @param columns 1 for a bias
 */
export function pairNeighbours(values: Float32Array, heads: number, columns: number): Float32Array {
  const headDim = values.length / (heads * columns)
  const half = headDim / 2
  const out = new Float32Array(values.length)
  for (let head = 0; head < heads; head++) {
    for (let j = 0; j < headDim; j++) {
      const from = (head * headDim + j) * columns
      const to = (head * headDim + (j < half ? 2 * j : 2 * (j - half) + 1)) * columns
      out.set(values.subarray(from, from + columns), to)
    }
  }
  return out
}

/**
 * Rows that a checkpoint has as D queries, D keys and D values of a head, then those of the next, as all queries, all
 * keys and all values. [3·H·D, columns], or a bias [3·H·D], → the same shape.
 */
export function groupByRole(values: Float32Array, heads: number): Float32Array {
  // numbers of a role of a head, which stay together whatever the columns are
  const size = values.length / (3 * heads)
  const out = new Float32Array(values.length)
  for (let head = 0; head < heads; head++)
    for (let role = 0; role < 3; role++) {
      const from = (3 * head + role) * size
      out.set(values.subarray(from, from + size), (role * heads + head) * size)
    }
  return out
}

/** Rows divided by their Euclidean length, at least 1e-7: the output layer of Baichuan2. [rows, columns]. */
export function normalizeRows(values: Float32Array, columns: number): Float32Array {
  const out = new Float32Array(values.length)
  for (let at = 0; at < values.length; at += columns) {
    let sum = 0
    for (let i = at; i < at + columns; i++) sum += values[i] * values[i]
    const length = Math.max(Math.sqrt(sum), 1e-7)
    for (let i = at; i < at + columns; i++) out[i] = values[i] / length
  }
  return out
}

/** Numbers that a norm adds 1 to, with the 1 in them (Gemma). */
export const plusOne = (values: Float32Array): Float32Array => values.map(value => value + 1)

/** Arrays one after another. */
export function concatenate(parts: readonly Float32Array[]): Float32Array {
  const out = new Float32Array(parts.reduce((sum, { length }) => sum + length, 0))
  let at = 0
  for (const part of parts) {
    out.set(part, at)
    at += part.length
  }
  return out
}
