import { definePlugin, randomStream, type PositionTransform, type Window } from '@skipwise/core'
import { z } from 'zod'
import { boundaryTest, type IsBoundary } from './boundaries.js'
import { checkChunks, checkDocument, checkWindow, oneWindow } from './checks.js'
import { assemble } from './chunks.js'
import { exactCoverage } from './coverage.js'

const config = z.strictObject({
  chunks: z.int().min(1).default(2).describe('pose_num_chunks'),
  splitAt: z
    .array(z.int().min(0))
    .default([])
    .describe('pose_split_on_token_ids: every such token begins a chunk; overrides chunks')
})

/** Places where segments end: i · ⌊T / N⌋ or every boundary, then T; a first one below 2 is dropped. */
function segmentEnds(text: Int32Array, chunks: number, isBoundary: IsBoundary): number[] {
  const length = Math.floor(text.length / chunks)
  const cuts = isBoundary
    ? Array.from(text.keys()).filter(t => isBoundary(text[t]))
    : Array.from({ length: chunks - 1 }, (_, i) => (i + 1) * length)
  return [...(cuts[0] < 2 ? cuts.slice(1) : cuts), text.length]
}

/**
 * What axolotl's `use_pose` does (`add_pose_position_ids`): the first T tokens of the document in N parts of ⌊T / N⌋
 * tokens (the last takes the rest), or split before every token of `splitAt`; before each part but the first a skip ~
 * U{0 … the remainder of L_t − T}. Axolotl draws once, when it prepares the data, and sorts examples by their last
 * position id; here every epoch draws again, and the order is that of the data.
 */
export const axolotl = definePlugin({
  kind: 'position-transform',
  name: 'axolotl',
  summary: "PoSE as axolotl's use_pose: equal chunks of one run of text, or chunks at given tokens",
  config,
  create: ({ chunks, splitAt }): PositionTransform => {
    const isBoundary = boundaryTest(splitAt)
    return {
      minimumTokens: oneWindow,
      // below 4 tokens the one cut is dropped
      ...(chunks <= 2 &&
        !isBoundary && {
          coverage: (window: Window) =>
            exactCoverage(window, { chunks: window.original < 4 ? 1 : chunks, lengths: 'equal' })
        }),
      example: (document, window, draw) => {
        checkWindow(window)
        const { original: tokens, target } = window
        checkChunks(isBoundary ? 1 : chunks, tokens)
        checkDocument(document, tokens)
        const random = randomStream({ ...draw, stream: 'position-transform' })
        const ends = segmentEnds(document.subarray(0, tokens), chunks, isBoundary)
        const skips = new Int32Array(ends.length)
        for (let i = 1; i < ends.length; i++) skips[i] = random.integer(skips[i - 1], target - tokens)
        return assemble(document, window, { starts: [0, ...ends], skips, offsets: new Int32Array(ends.length) })
      }
    }
  }
})
