import type { Lowerings } from '../builder.js'

export const embeddingLowerings = {
  Embedding: (b, { inputs, outputs }) =>
    void b.op('Gather', [b.name(inputs.weight), b.name(inputs.ids)], { axis: 0 }, b.name(outputs[0])),

  EmbeddingGrad: (b, { inputs, outputs }) => {
    const [N] = b.spec(inputs.ids).shape
    const { shape } = b.spec(outputs[0])
    const rows = b.op('Cast', [b.reshape(b.name(inputs.ids), [N, 1])], { to: 7 })
    b.scatterAdd(b.op('Expand', [b.scalar(0), b.int64(shape)]), rows, b.name(inputs.dy), b.name(outputs[0]))
  }
} satisfies Partial<Lowerings>
