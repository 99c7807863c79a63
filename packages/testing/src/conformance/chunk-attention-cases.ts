import { cacheWrite, chunkAttention, type tf } from '@skipwise/runtime'
import { documents, skipping, withGradients } from './gradient-case.js'
import { normal, type CaseInput, type KernelCase } from './kernel-cases.js'

/** Sizes of a chunk's attention. */
interface ChunkShape {
  readonly B: number
  readonly T: number
  readonly H: number
  readonly K: number
  readonly D: number
  /** S: slots for the tokens before it. */
  readonly S: number
  readonly past: number
  /** Of ALiBi, [H]. */
  readonly slopes?: readonly number[]
  readonly slidingWindow?: number
  readonly softCap?: number
  /** Where the documents of the first row end. */
  readonly ends?: readonly number[]
}

const scalar = (value: number): CaseInput => ({ shape: [], dtype: 'int32', data: Int32Array.of(value) })

/** Numbers of the tokens of a row, cut at the chunk's first; slots that are not filled hold noise. */
function cut(
  prefix: string,
  past: string,
  { B, T, S, past: P }: ChunkShape,
  numbers: (B: number, T: number) => CaseInput
): Record<string, CaseInput> {
  const { data } = numbers(B, P + T)
  const rows = (begin: number, count: number, length: number) =>
    Float32Array.from({ length: B * length }, (_, i) =>
      i % length < count ? data[Math.floor(i / length) * (P + T) + begin + (i % length)] : 7
    )
  return {
    [prefix]: { shape: [B, T], dtype: 'float32', data: rows(P, T, T) },
    [past]: { shape: [B, S], dtype: 'float32', data: rows(0, P, S) }
  }
}

function chunk(shape: ChunkShape): KernelCase {
  const { B, T, H, K, D, S, past, slopes, slidingWindow, ends, softCap } = shape
  return withGradients(
    `attention of a chunk ${JSON.stringify(shape)}`,
    {
      query: normal([B, T, H, D], 1),
      key: normal([B, T, K, D], 2),
      value: normal([B, T, K, D], 3),
      pastKeys: normal([B, K, S, D], 4),
      pastValues: normal([B, K, S, D], 5),
      pastLength: scalar(past),
      ...(slopes && cut('positions', 'pastPositions', shape, skipping)),
      ...(ends && cut('documents', 'pastDocuments', shape, (rows, length) => documents(rows, length, ends)))
    },
    [B, T, H, D],
    ({ query, key, value, pastKeys, pastValues, pastLength, ...more }) => {
      const numbers = (own: string, past: string) => ({
        own: more[own] as tf.Tensor2D,
        past: more[past] as tf.Tensor2D
      })
      return chunkAttention(
        {
          query: query as tf.Tensor4D,
          key: key as tf.Tensor4D,
          value: value as tf.Tensor4D,
          pastKeys: pastKeys as tf.Tensor4D,
          pastValues: pastValues as tf.Tensor4D,
          pastLength: pastLength as tf.Scalar
        },
        D ** -0.5,
        {
          bias: slopes && { slopes, positions: numbers('positions', 'pastPositions') },
          slidingWindow,
          softCap,
          documents: ends && numbers('documents', 'pastDocuments')
        }
      )
    },
    ['query', 'key', 'value', 'pastKeys', 'pastValues']
  )
}

const write = (B: number, T: number, K: number, D: number, S: number, past: number): KernelCase => ({
  label: `writing ${T} rows after ${past} of ${S}, B ${B}, K ${K}, D ${D}`,
  inputs: { cache: normal([B, K, S, D], 1), rows: normal([B, T, K, D], 2), pastLength: scalar(past) },
  // the slots after them may contain anything
  fn: ({ cache, rows, pastLength }) => ({
    filled: (cacheWrite(cache as tf.Tensor4D, rows as tf.Tensor4D, pastLength as tf.Scalar) as tf.Tensor4D).slice(
      [0, 0, 0, 0],
      [B, K, past + T, D]
    )
  })
})

/**
 * Chunks at the beginning, in the middle and at the end of what is kept, multi-head and grouped-query, of one block of
 * rows and of several.
 */
export const chunkAttentionCases: readonly KernelCase[] = [
  write(1, 3, 2, 4, 8, 0),
  write(2, 3, 2, 6, 8, 5),
  ...(
    [
      { B: 1, T: 4, H: 2, K: 2, D: 8, S: 8, past: 0 },
      { B: 1, T: 4, H: 4, K: 2, D: 6, S: 8, past: 8 },
      { B: 2, T: 3, H: 4, K: 2, D: 6, S: 8, past: 5 },
      { B: 1, T: 150, H: 32, K: 4, D: 2, S: 140, past: 90 },
      { B: 1, T: 4, H: 2, K: 1, D: 8, S: 8, past: 6, slidingWindow: 3 },
      { B: 2, T: 4, H: 2, K: 2, D: 8, S: 8, past: 0, slidingWindow: 1 },
      { B: 1, T: 4, H: 2, K: 1, D: 8, S: 8, past: 6, slidingWindow: 8 },
      { B: 2, T: 3, H: 4, K: 2, D: 6, S: 8, past: 5, slopes: [1 / 4, 1 / 16, 1 / 64, 1 / 256] },
      { B: 1, T: 4, H: 2, K: 2, D: 8, S: 8, past: 8, slopes: [1 / 16, 1 / 256], slidingWindow: 5 },
      { B: 2, T: 4, H: 4, K: 2, D: 6, S: 8, past: 5, ends: [2, 6] },
      { B: 1, T: 4, H: 2, K: 1, D: 8, S: 8, past: 8, ends: [3, 9], slidingWindow: 6 },
      { B: 2, T: 4, H: 4, K: 2, D: 6, S: 8, past: 5, ends: [2, 6], slopes: [1 / 4, 1 / 16, 1 / 64, 1 / 256] },
      { B: 2, T: 4, H: 4, K: 2, D: 6, S: 8, past: 5, softCap: 0.5 },
      { B: 1, T: 4, H: 2, K: 1, D: 8, S: 8, past: 6, ends: [3, 9], softCap: 1, slidingWindow: 3 }
    ] satisfies ChunkShape[]
  ).map(chunk)
]
