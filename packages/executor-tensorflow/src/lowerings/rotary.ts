import type { Lowerings } from '../builder.js'

export const rotaryLowerings = {
  // (x₁, x₂) → (x₁·c − x₂·s, x₂·c + x₁·s): x·(c, c) + swapped(x)·(−s, s), with the tables of a step made once for all
  // layers.
  RotaryHalf: (b, { inputs, outputs, attributes }) => {
    const [B, T, H, D] = b.spec(inputs.x).shape
    const half = b.spec(inputs.cos).shape[2]
    const x = b.ref(inputs.x)
    const table = (id: number) => b.reshape(b.ref(id), [B, T, 1, half])
    const cos = b.once(`cosines ${inputs.cos}`, () => b.concat([table(inputs.cos), table(inputs.cos)], 3))
    const sin = b.once(`sines ${inputs.sin} ${attributes.inverse}`, () => {
      const s = table(inputs.sin)
      const negated = b.op('Neg', [s])
      return b.concat(attributes.inverse ? [s, negated] : [negated, s], 3)
    })
    const part = (from: number, size: number) => b.slice(x, [0, 0, 0, from], [B, T, H, size])
    const rotated = 2 * half === D ? x : part(0, 2 * half)
    const swapped = b.op('Roll', [rotated, b.scalar(half, 'int32'), b.scalar(3, 'int32')], {
      Tshift: { type: 'int32' },
      Taxis: { type: 'int32' }
    })
    const sum = b.op('AddV2', [b.op('Mul', [rotated, cos]), b.op('Mul', [swapped, sin])])
    b.set(outputs[0], 2 * half === D ? sum : b.concat([sum, part(2 * half, D - 2 * half)], 3))
  }
} satisfies Partial<Lowerings>
