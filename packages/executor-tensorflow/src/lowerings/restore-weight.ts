import { STORAGE_BLOCK } from '@skipwise/runtime'
import type { GraphBuilder, Lowerings, Ref } from '../builder.js'
import type { TensorFlowType } from '../graph-def.js'

/** Bytes seen as numbers of another type, without a copy. */
const seenAs = (b: GraphBuilder, bytes: Ref, type: TensorFlowType): Ref =>
  b.op('Bitcast', [bytes], { type: { type } }, { type })

const byte = (b: GraphBuilder, value: number): Ref =>
  b.constant(`byte ${value}`, { type: 'uint8', shape: [] }, () => Uint8Array.of(value))

/** A byte has number i of a block in its lower half, and number i + 32 in its upper one: [blocks, 64]. */
function fromInt4(b: GraphBuilder, codes: Ref, blocks: number, after: readonly Ref[]): Ref {
  const bytes = b.reshape(codes, [blocks, STORAGE_BLOCK / 2])
  const lower = b.op('BitwiseAnd', [bytes, byte(b, 15)], {}, { after })
  const upper = b.op('RightShift', [bytes, byte(b, 4)], {}, { after })
  return b.op('Sub', [b.cast(b.concat([lower, upper], 1), 'float32'), b.scalar(8)])
}

export const restoreLowerings = {
  // float32 copies are made when a reader's other operand is there, and not all of them at once
  RestoreWeight: (b, { inputs, outputs, attributes: { storage } }) =>
    b.setWhenRead(outputs[0], after => {
      const { shape } = b.spec(outputs[0])
      const codes = b.ref(inputs.codes)
      // a product in bfloat16 reads these as they are
      if (storage === 'bfloat16') return b.widen(seenAs(b, codes, 'bfloat16'), after)
      if (storage === 'float16') return b.cast(seenAs(b, codes, 'float16'), 'float32', after)
      const [rows, columns] = shape
      const blocks = (rows * columns) / STORAGE_BLOCK
      const numbers =
        storage === 'int4'
          ? fromInt4(b, codes, blocks, after)
          : b.reshape(b.cast(seenAs(b, codes, 'int8'), 'float32', after), [blocks, STORAGE_BLOCK])
      const scales = b.reshape(b.ref(inputs.scales as number), [blocks, 1])
      return b.reshape(b.op('Mul', [numbers, scales]), shape)
    })
} satisfies Partial<Lowerings>
