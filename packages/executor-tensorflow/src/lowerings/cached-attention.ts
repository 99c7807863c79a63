import { kernelError, type GraphBuilder, type Ref } from '../builder.js'
import type { Lowering } from '../lowering.js'

/** [0, 0, row, 0] for a scalar row, as a tensor. */
const rowIndex = (b: GraphBuilder, row: Ref): Ref =>
  b.once(`row index ${row}`, () => b.op('Pack', [b.scalar(0, 'int32'), b.scalar(0, 'int32'), row, b.scalar(0, 'int32')], { N: 4, axis: 0 }))

const strided = { begin_mask: 0b1011, end_mask: 0b1011, ellipsis_mask: 0, new_axis_mask: 0, shrink_axis_mask: 0, Index: { type: 'int32' } } as const

export const cachedAttentionLowerings: Readonly<Record<string, Lowering>> = {
  // New rows are written into the cache (in place when it is donated); queries then meet the filled slots only, so a step costs what the context is long.
  CachedAttention: (b, { kernel, inputs, outputs, attributes }) => {
    if (attributes.window !== undefined || attributes.slopes !== undefined) throw kernelError(kernel, 'a sliding window or ALiBi')
    const [B, T, H, D] = b.spec(inputs.query).shape, [, K] = b.spec(inputs.keyCache).shape, G = H / K, past = b.ref(inputs.pastLength)
    const filled = b.once(`filled ${past} ${T}`, () => b.op('AddV2', [past, b.scalar(T, 'int32')]))
    const begin = rowIndex(b, past), end = rowIndex(b, filled), ones = b.int32([1, 1, 1, 1])
    const write = (cache: number, added: number, output: number): Ref => {
      const rows = b.transpose(b.ref(added), [0, 2, 1, 3]), old = b.ref(cache), handle = b.handleOf(cache, output)
      if (handle) {
        const written = b.op('ResourceStridedSliceAssign', [handle, begin, end, ones, rows], { T: { type: 'float32' }, ...strided }, { after: [old] })
        b.update(output, handle, written)
      } else b.set(output, b.op('TensorStridedSliceUpdate', [old, begin, end, ones, rows], strided))
      const known = b.op('StridedSlice', [b.ref(output), b.int32([0, 0, 0, 0]), end, ones], strided)
      return b.reshape(b.product(known), [B * K, -1, D])
    }
    const keys = write(inputs.keyCache, inputs.key, outputs[1]), values = write(inputs.valueCache, inputs.value, outputs[2])
    const scaled = b.op('Mul', [b.ref(inputs.query), b.scalar(attributes.scale as number)])
    const q = b.reshape(b.transpose(b.reshape(scaled, [B, T, K, G, D]), [0, 2, 3, 1, 4]), [B * K, G * T, D])
    let scores = b.float(b.matMul(q, keys, { transB: true, batched: true }))
    // A single new token sees every filled slot.
    if (T > 1) {
      const mask = b.once(`cache mask ${past} ${G} ${T}`, () => {
        const rows = b.constant(`rows ${G} × ${T}`, { type: 'int32', shape: [G * T, 1] }, () => Int32Array.from({ length: G * T }, (_, i) => i % T))
        const slots = b.op('Range', [b.scalar(0, 'int32'), filled, b.scalar(1, 'int32')], { Tidx: { type: 'int32' } })
        const hidden = b.op('Greater', [slots, b.op('AddV2', [rows, past])], {}, { type: 'bool' })
        return b.op('SelectV2', [hidden, b.scalar(-1e30), b.scalar(0)], { T: { type: 'float32' } }, { type: 'float32' })
      })
      scores = b.op('AddV2', [scores, mask])
    }
    const mixed = b.float(b.matMul(b.op('Softmax', [scores]), values, { batched: true }))
    b.set(outputs[0], b.reshape(b.transpose(b.reshape(mixed, [B, K, G, T, D]), [0, 3, 1, 2, 4]), [B, T, H, D]))
  }
}
