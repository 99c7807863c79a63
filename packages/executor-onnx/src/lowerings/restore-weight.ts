import type { Lowerings, OnnxBuilder } from '../builder.js'
import { onnxType } from '../onnx-model.js'

/** Numbers of a row that have one scale. */
const BLOCK = 64

/** Codes of 16 bits seen as the numbers that they are, without a copy, in float32. */
function fromHalf(b: OnnxBuilder, codes: string, type: 'bfloat16' | 'float16', output: string): void {
  b.op('Cast', [b.op('BitCast', [codes], { to: onnxType[type] })], { to: onnxType.float32 }, output)
}

/** A byte has number i of a block in its lower half, and number i + 32 in its upper one. */
function fromInt4(b: OnnxBuilder, codes: string, scales: string, [rows, columns]: readonly number[], output: string) {
  const blocks = (rows * columns) / BLOCK
  const bytes = b.reshape(codes, [blocks, BLOCK / 2])
  const lower = b.op('BitwiseAnd', [bytes, b.constant('lower half', [1], () => Uint8Array.of(15), 'uint8')])
  const upper = b.shiftRight(
    bytes,
    b.constant('half a byte', [1], () => Uint8Array.of(4), 'uint8')
  )
  const numbers = b.op('Concat', [lower, upper], { axis: 1 })
  const zeros = b.constant(`zeros ${blocks}`, [blocks], () => new Uint8Array(blocks).fill(8), 'uint8')
  const restored = b.op('DequantizeLinear', [numbers, b.reshape(scales, [blocks]), zeros], { axis: 0 })
  b.reshape(restored, [rows, columns], output)
}

export const restoreLowerings = {
  RestoreWeight: (b, { inputs, outputs, attributes: { storage } }) => {
    const codes = b.name(inputs.codes)
    const output = b.name(outputs[0])
    if (storage === 'bfloat16' || storage === 'float16') return fromHalf(b, codes, storage, output)
    const scales = b.name(inputs.scales as number)
    if (storage === 'int4') return fromInt4(b, codes, scales, b.spec(outputs[0]).shape, output)
    b.op('DequantizeLinear', [codes, scales], { axis: 1, block_size: BLOCK }, output)
  }
} satisfies Partial<Lowerings>
