import { definePlugin, randomStream, SkipwiseError, type PositionTransform, type RandomStream } from '@skipwise/core'
import { z } from 'zod'
import { assertPositionIds, checkDocument, checkWindow, oneWindow } from './checks.js'
import { chunkStarts } from './chunk-lengths.js'

const config = z.strictObject({
  chunks: z.int().min(1).default(2).describe('N: chunks of an example; 1 does not skip, 2 is the paper'),
  content: z
    .enum(['sampled', 'contiguous', 'aligned'])
    .default('sampled')
    .describe('which tokens the chunks take: offsets of their own (v random), one run of text (v = 0), or the text at the position ids (v = u)'),
  lengths: z.enum(['uniform', 'equal']).default('uniform').describe('how an example is split into chunks: any split with the same probability, or equal parts'),
  maskBoundaryLabels: z.boolean().default(false).describe('leave the first token of every chunk but the first out of the loss')
})

/**
 * Offsets 0 = x_0 ≤ x_1 ≤ …, each uniform from the one before to `limit`: x_i ~ U{x_{i−1} … limit} (PoSE eq. 3 and 5), [N].
 */
function offsets(chunks: number, limit: number, random: RandomStream): Int32Array {
  const drawn = new Int32Array(chunks)
  for (let i = 1; i < chunks; i++) drawn[i] = random.integer(drawn[i - 1], limit)
  return drawn
}

/**
 * Positional Skip-wise training (Zhu et al., ICLR 2024, §3.2), the paper's sampler for any N. With T = L_c tokens split at random into
 * chunks that begin at st_i, and skips u_0 = 0, u_i ~ U{u_{i−1} … L_t − L_c}, chunk i has the position ids u_i + st_i …; its
 * tokens are the document's from v_i + st_i, where v is
 *
 * - `sampled`: v_0 = 0, v_i ~ U{v_{i−1} … L_x − L_c};
 * - `contiguous`: 0, so the text is the document's first L_c tokens;
 * - `aligned`: u_i, so position ids are the true places in the document; in a document shorter than L_t it is min(u_i, L_x − L_c), which
 *   keeps the distribution of the position ids and takes the text as near to its true place as the document allows.
 *
 * The paper does not say how lengths are drawn; `uniform` takes every split into N chunks of ≥ 1 token with the same probability.
 * (The authors' repository keeps the first chunk at or below half; coverage is the same.) Splits and skips are drawn before
 * content, so one draw has the same position ids under every content strategy.
 */
export const pose = definePlugin({
  kind: 'position-transform',
  name: 'pose',
  summary: 'PoSE: chunks of a training window with random skips between them',
  config,
  create: ({ chunks, content, lengths, maskBoundaryLabels }): PositionTransform => ({
    minimumTokens: oneWindow,
    example: (document, window, draw) => {
      checkWindow(window)
      const { original: tokens, target } = window
      if (chunks > tokens) throw new SkipwiseError('POSITIONS_WINDOW', { problem: `${chunks} chunks do not fit into ${tokens} tokens`, fix: 'use at most one chunk per token' })
      checkDocument(document, tokens)
      const random = randomStream({ ...draw, stream: 'position-transform' })
      const starts = chunkStarts(lengths, tokens, chunks, random)
      const skips = offsets(chunks, target - tokens, random), spare = document.length - tokens
      const sources = content === 'sampled' ? offsets(chunks, spare, random) : content === 'aligned' ? skips.map(skip => Math.min(skip, spare)) : new Int32Array(chunks)

      const ids = new Int32Array(tokens), positionIds = new Int32Array(tokens), labelMask = new Uint8Array(tokens).fill(1)
      for (let i = 0; i < chunks; i++) {
        const start = starts[i], end = starts[i + 1], skip = skips[i], source = sources[i]
        ids.set(document.subarray(source + start, source + end), start)
        for (let t = start; t < end; t++) positionIds[t] = skip + t
        if (maskBoundaryLabels) labelMask[start] = 0
      }
      labelMask[0] = 0
      assertPositionIds(positionIds, target)
      return { ids, positionIds, labelMask }
    }
  })
})
