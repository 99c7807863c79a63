import { MASKED } from '@skipwise/runtime'
import type { GraphBuilder, Lowerings, Ref } from '../builder.js'
import { slopeColumn } from './attention-masks.js'

/** [0, 0, row, 0] for a scalar row, as a tensor. */
const rowIndex = (b: GraphBuilder, row: Ref): Ref =>
  b.once(`row index ${row}`, () =>
    b.op('Pack', [b.scalar(0, 'int32'), b.scalar(0, 'int32'), row, b.scalar(0, 'int32')], { N: 4, axis: 0 })
  )

const strided = {
  begin_mask: 0b1011,
  end_mask: 0b1011,
  ellipsis_mask: 0,
  new_axis_mask: 0,
  shrink_axis_mask: 0,
  Index: { type: 'int32' }
} as const

export const cachedAttentionLowerings = {
  // New rows are written into the cache (in place when it is donated); queries then meet the filled slots only, so a
  // step costs what the context is long.
  CachedAttention: (b, { inputs, outputs, attributes }) => {
    const { slidingWindow, slopes } = attributes
    const [B, T, H, D] = b.spec(inputs.query).shape
    const [, K] = b.spec(inputs.keyCache).shape
    const G = H / K
    const past = b.ref(inputs.pastLength)
    const filled = b.once(`filled ${past} ${T}`, () => b.op('AddV2', [past, b.scalar(T, 'int32')]))
    const begin = rowIndex(b, past)
    const end = rowIndex(b, filled)
    const ones = b.int32([1, 1, 1, 1])
    const write = (cache: number, added: number, output: number): Ref => {
      const rows = b.transpose(b.ref(added), [0, 2, 1, 3])
      const old = b.ref(cache)
      const handle = b.handleOf(cache, output)
      if (handle) {
        const written = b.op(
          'ResourceStridedSliceAssign',
          [handle, begin, end, ones, rows],
          { T: { type: 'float32' }, ...strided },
          { after: [old] }
        )
        b.update(output, handle, written)
      } else b.set(output, b.op('TensorStridedSliceUpdate', [old, begin, end, ones, rows], strided))
      const known = b.op('StridedSlice', [b.ref(output), b.int32([0, 0, 0, 0]), end, ones], strided)
      return b.reshape(b.product(known), [B * K, -1, D])
    }
    const keys = write(inputs.keyCache, inputs.key, outputs[1])
    const values = write(inputs.valueCache, inputs.value, outputs[2])
    const scaled = b.op('Mul', [b.ref(inputs.query), b.scalar(attributes.scale)])
    const q = b.reshape(b.transpose(b.reshape(scaled, [B, T, K, G, D]), [0, 2, 3, 1, 4]), [B * K, G * T, D])
    let scores = b.float(b.matMul(q, keys, { transB: true, batched: true }))
    const slots = b.once(`slots ${filled}`, () =>
      b.op('Range', [b.scalar(0, 'int32'), filled, b.scalar(1, 'int32')], { Tidx: { type: 'int32' } })
    )
    const rowsOf = (count: number) => {
      const own = b.constant(`rows ${count} of ${T}`, { type: 'int32', shape: [count, 1] }, () =>
        Int32Array.from({ length: count }, (_, i) => i % T)
      )
      return b.once(`slots of rows ${count} ${T} ${past}`, () => b.op('AddV2', [own, past]))
    }
    if (slopes) {
      const distance = b.op('Sub', [slots, rowsOf(T)])
      const bias = b.op('Mul', [b.cast(distance, 'float32'), slopeColumn(b, slopes, K)])
      scores = b.reshape(b.op('AddV2', [b.reshape(scores, [B, K, G, T, -1]), bias]), [B * K, G * T, -1])
    }
    // A single new token without a window sees every filled slot.
    if (T > 1 || slidingWindow !== undefined) {
      const mask = b.once(`cache mask ${past} ${G} ${T} ${slidingWindow}`, () => {
        const rows = rowsOf(G * T)
        const later = b.op('Greater', [slots, rows], {}, { type: 'bool' })
        const earlier = () =>
          b.op(
            'LessEqual',
            [slots, b.op('Sub', [rows, b.scalar(slidingWindow as number, 'int32')])],
            {},
            { type: 'bool' }
          )
        const hidden = slidingWindow === undefined ? later : b.op('LogicalOr', [later, earlier()])
        return b.op(
          'SelectV2',
          [hidden, b.scalar(MASKED), b.scalar(0)],
          { T: { type: 'float32' } },
          { type: 'float32' }
        )
      })
      scores = b.op('AddV2', [scores, mask])
    }
    const mixed = b.float(b.matMul(b.op('Softmax', [scores]), values, { batched: true }))
    b.set(outputs[0], b.reshape(b.transpose(b.reshape(mixed, [B, K, G, T, D]), [0, 3, 1, 2, 4]), [B, T, H, D]))
  }
} satisfies Partial<Lowerings>
