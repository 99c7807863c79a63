import { STORAGE_BLOCK } from '@skipwise/runtime'
import type { Lowerings, OnnxBuilder } from '../builder.js'
import { onnxType } from '../onnx-model.js'

/** Codes of 16 bits seen as the numbers that they are, without a copy, in float32. */
const fromHalf = (b: OnnxBuilder, codes: string, type: 'bfloat16' | 'float16'): string =>
  b.op('Cast', [b.op('BitCast', [codes], { to: onnxType[type] })], { to: onnxType.float32 })

/** A byte has number i of a block in its lower half, and number i + 32 in its upper one. */
function fromInt4(b: OnnxBuilder, codes: string, scales: string, [rows, columns]: readonly [number, number]): string {
  const blocks = (rows * columns) / STORAGE_BLOCK
  const bytes = b.reshape(codes, [blocks, STORAGE_BLOCK / 2])
  const lower = b.op('BitwiseAnd', [bytes, b.constant('lower half', [1], () => Uint8Array.of(15), 'uint8')])
  const upper = b.shiftRight(
    bytes,
    b.constant('half a byte', [1], () => Uint8Array.of(4), 'uint8')
  )
  const numbers = b.op('Concat', [lower, upper], { axis: 1 })
  const zeros = b.constant(`zeros ${blocks}`, [blocks], () => new Uint8Array(blocks).fill(8), 'uint8')
  return b.reshape(b.op('DequantizeLinear', [numbers, b.reshape(scales, [blocks]), zeros], { axis: 0 }), [
    rows,
    columns
  ])
}

export const restoreLowerings = {
  RestoreWeight: (b, { inputs, outputs, attributes: { storage } }) => {
    const { shape } = b.spec(outputs[0])
    const make = (select: (x: string) => string, rows: number): string => {
      const codes = select(b.name(inputs.codes))
      if (storage === 'bfloat16' || storage === 'float16') return fromHalf(b, codes, storage)
      const scales = select(b.name(inputs.scales as number))
      if (storage === 'int4') return fromInt4(b, codes, scales, [rows, shape[1]])
      return b.op('DequantizeLinear', [codes, scales], { axis: 1, block_size: STORAGE_BLOCK })
    }
    // a whole weight is made by what reads it, which may want some of its rows alone
    if (Object.values(b.graph.inputs).includes(inputs.codes)) b.makeWhenRead(outputs[0], make)
    else b.op('Identity', [make(x => x, shape[0])], {}, b.name(outputs[0]))
  }
} satisfies Partial<Lowerings>
