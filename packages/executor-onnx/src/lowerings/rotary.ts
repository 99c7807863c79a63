import type { Lowering, Lowerings } from '../builder.js'

/** com.microsoft RotaryEmbedding over the tables as a cache of B·T rows, row t for token t. */
const rotary =
  (interleaved: 0 | 1): Lowering<'RotaryHalf'> =>
  (b, { inputs, outputs, attributes }) => {
    const [B, T, H, D] = b.spec(inputs.x).shape
    const half = b.spec(inputs.cos).shape[2]
    const rows = b.constant(
      `rows ${B},${T}`,
      [B, T],
      () => BigInt64Array.from({ length: B * T }, (_, i) => BigInt(i)),
      'int64'
    )
    const cos = b.once(`rows of ${inputs.cos}`, () => b.reshape(b.name(inputs.cos), [B * T, half]))
    const sin = attributes.inverse
      ? b.once(`negated rows of ${inputs.sin}`, () => b.op('Neg', [b.reshape(b.name(inputs.sin), [B * T, half])]))
      : b.once(`rows of ${inputs.sin}`, () => b.reshape(b.name(inputs.sin), [B * T, half]))
    const flat = b.reshape(b.name(inputs.x), [B, T, H * D])
    const rotated = b.microsoft('RotaryEmbedding', [flat, rows, cos, sin], {
      num_heads: H,
      interleaved,
      ...(2 * half < D ? { rotary_embedding_dim: 2 * half } : {})
    })
    b.reshape(rotated, [B, T, H, D], b.name(outputs[0]))
  }

export const rotaryLowerings = {
  RotaryHalf: rotary(0),
  RotaryInterleaved: rotary(1)
} satisfies Partial<Lowerings>
