import { definePlugin, randomStream, SkipwiseError, type PositionTransform } from '@skipwise/core'
import { z } from 'zod'
import { checkDocument, checkWindow } from './checks.js'
import { assemble } from './chunks.js'

/**
 * What PaddleNLP's `use_pose_convert` does (`get_example_pose`): a first chunk of r ~ U{1 … ⌊T / 2⌋} tokens from the
 * beginning of the document, a second that ends at e ~ U{T … L_x − 1}, both at their true places, and no label across
 * the chunks. PaddleNLP gives the first chunk's last token the document's next token as its label; an example here has
 * labels of its own tokens only, so that label is masked. It truncates documents at L_t and pads those of at most T
 * tokens with EOS; here a document has more than T.
 */
export const paddlenlp = definePlugin({
  kind: 'position-transform',
  name: 'paddlenlp',
  summary: "PoSE as PaddleNLP's use_pose_convert: two chunks at their true places, no label across",
  config: z.strictObject({}),
  create: (): PositionTransform => {
    const minimumTokens: PositionTransform['minimumTokens'] = window => {
      checkWindow(window)
      if (window.original < 2)
        throw new SkipwiseError('POSITIONS_WINDOW', {
          problem: '2 chunks do not fit into 1 token',
          fix: 'use a window of at least 2 tokens'
        })
      return window.original + 1
    }
    return {
      minimumTokens,
      example: (document, window, draw) => {
        checkDocument(document, minimumTokens(window))
        const { original: tokens, target } = window
        const random = randomStream({ ...draw, stream: 'position-transform' })
        const cut = random.integer(1, tokens >> 1)
        const end = random.integer(tokens, Math.max(tokens, Math.min(document.length, target) - 1))
        const offset = end - tokens
        return assemble(document, window, { starts: [0, cut, tokens], skips: [0, offset], offsets: [0, offset] }, true)
      }
    }
  }
})
