import { expect, test } from 'vitest'
import { attentionLayers, noPeaks, peakOf } from '../test/peak-memory.js'

const T = 8192
const reason = noPeaks()

test.skipIf(reason)(
  `masks of attention are in memory once: TensorFlow does not compute them into every copy of the graph${reason ? ` (skipped: ${reason})` : ''}`,
  async () => {
    const small = await peakOf(attentionLayers(256, 1))
    const large = await peakOf(attentionLayers(T, 1))
    // In units of all masks of T tokens, T²/2 numbers: 3.3 were measured, scores of a block, heads and gradients
    // included, and 5.7 with copies.
    expect((large - small) / (2 * T * T)).toBeLessThan(4.2)
  }
)
