import type { Lowerings } from '../builder.js'
import { gatherTypes } from './elementary.js'

export const embeddingLowerings = {
  Embedding: (b, { inputs, outputs }) =>
    b.set(
      outputs[0],
      b.op('GatherV2', [b.ref(inputs.weight), b.ref(inputs.ids), b.scalar(0, 'int32')], gatherTypes('float32'))
    ),

  EmbeddingGrad: (b, { inputs, outputs, attributes }) =>
    b.set(
      outputs[0],
      b.op('UnsortedSegmentSum', [b.ref(inputs.dy), b.ref(inputs.ids), b.scalar(attributes.vocabSize, 'int32')], {
        Tindices: { type: 'int32' },
        Tnumsegments: { type: 'int32' }
      })
    )
} satisfies Partial<Lowerings>
