import { definePlugin, randomStream, type PositionTransform, type RandomStream, type Window } from '@skipwise/core'
import { z } from 'zod'
import { boundaryBefore, boundaryTest, nearestBoundary, type IsBoundary } from './boundaries.js'
import { checkChunks, checkDocument, checkWindow, oneWindow } from './checks.js'
import { chunkStarts } from './chunk-lengths.js'
import { assemble, type Chunks } from './chunks.js'
import { exactCoverage } from './coverage.js'

const config = z.strictObject({
  chunks: z.int().min(1).default(2).describe('N: chunks of an example; 1 does not skip, 2 is the paper'),
  content: z
    .enum(['sampled', 'contiguous', 'aligned'])
    .default('sampled')
    .describe(
      'which tokens the chunks take: offsets of their own (v random), one run of text (v = 0), or the text at the position ids (v = u)'
    ),
  lengths: z
    .enum(['uniform', 'equal', 'half'])
    .default('uniform')
    .describe(
      'how an example is split into chunks: any split with the same probability, equal parts, or a first chunk of at most half'
    ),
  splitAt: z
    .array(z.int().min(0))
    .default([])
    .describe('token ids that may begin a chunk, for instance of line breaks or turn markers; empty for any token'),
  maskBoundaryLabels: z
    .boolean()
    .default(false)
    .describe('exclude the first token of every chunk but the first from the loss')
})

/**
 * Offsets 0 = x_0 ≤ x_1 ≤ …, each uniform from the one before to `limit`: x_i ~ U{x_{i−1} … limit} (PoSE eq. 3 and 5),
 * [N].
 */
function risingOffsets(chunks: number, limit: number, random: RandomStream): Int32Array {
  const drawn = new Int32Array(chunks)
  for (let i = 1; i < chunks; i++) drawn[i] = random.integer(drawn[i - 1], limit)
  return drawn
}

/**
 * Positional Skip-wise training (Zhu et al., ICLR 2024, §3.2), the paper's sampler for any N. With T = L_c tokens split
 * at random into chunks that begin at st_i, and skips u_0 = 0, u_i ~ U{u_{i−1} … L_t − L_c}, chunk i has the position
 * ids u_i + st_i …; its tokens are the document's from v_i + st_i, where v is
 *
 * - `sampled`: v_0 = 0, v_i ~ U{v_{i−1} … L_x − L_c};
 * - `contiguous`: 0, so the text is the document's first L_c tokens;
 * - `aligned`: u_i, so position ids are the true places in the document; in a document shorter than L_t it is min(u_i,
 *   L_x − L_c), which keeps the distribution of the position ids and takes the text as close to its true place as the
 *   document allows.
 *
 * The paper does not say how lengths are drawn; `uniform` takes every split into N chunks of ≥ 1 token with the same
 * probability. Splits and skips are drawn before content, so one draw has the same position ids under every content
 * strategy.
 *
 * With `splitAt`, text splits only before these tokens: each cut moves to the nearest such place of the text before it,
 * and the text of a chunk begins at the last such place at or before the drawn one (`aligned` keeps v = u by moving
 * both). A cut without such a place is left out, so there are fewer chunks.
 */
export const pose = definePlugin({
  kind: 'position-transform',
  name: 'pose',
  summary: 'PoSE: chunks of a training window with random skips between them',
  config,
  create: ({ chunks, content, lengths, splitAt, maskBoundaryLabels }): PositionTransform => {
    const isBoundary = boundaryTest(splitAt)
    return {
      minimumTokens: oneWindow,
      ...(chunks <= 2 && !isBoundary && { coverage: (window: Window) => exactCoverage(window, { chunks, lengths }) }),
      example: (document, window, draw) => {
        checkWindow(window)
        const { original: tokens, target } = window
        checkChunks(chunks, tokens)
        checkDocument(document, tokens)
        const random = randomStream({ ...draw, stream: 'position-transform' })
        const starts = chunkStarts(lengths, tokens, chunks, random)
        const skips = risingOffsets(chunks, target - tokens, random)
        const spare = document.length - tokens
        const offsets =
          content === 'sampled'
            ? risingOffsets(chunks, spare, random)
            : content === 'aligned'
              ? skips.map(skip => Math.min(skip, spare))
              : new Int32Array(chunks)
        const drawn: Chunks = { starts, skips, offsets }
        return assemble(
          document,
          window,
          isBoundary ? atBoundaries(document, isBoundary, drawn, content === 'aligned') : drawn,
          maskBoundaryLabels
        )
      }
    }
  }
})

/** The same chunks with their splits moved to boundaries. */
function atBoundaries(
  document: Int32Array,
  isBoundary: NonNullable<IsBoundary>,
  drawn: Chunks,
  aligned: boolean
): Chunks {
  const chunks = drawn.skips.length
  const tokens = drawn.starts[chunks]
  const starts = [0]
  const skips = [drawn.skips[0]]
  const offsets = [drawn.offsets[0]]
  for (let i = 1; i < chunks; i++) {
    const offset = offsets[offsets.length - 1]
    const cut = nearestBoundary(document, isBoundary, offset, drawn.starts[i], starts[starts.length - 1], tokens)
    if (cut === undefined) continue
    const moved = boundaryBefore(document, isBoundary, drawn.offsets[i] + cut, offset + cut) - cut
    // where the document ends before the position id, there is no true place for it
    const skip = aligned && drawn.offsets[i] === drawn.skips[i] ? moved : drawn.skips[i]
    starts.push(cut)
    offsets.push(moved)
    skips.push(Math.max(skip, skips[skips.length - 1]))
  }
  return { starts: [...starts, tokens], skips, offsets }
}
