import { definePlugin, type PositionTransform, type Window } from '@skipwise/core'
import { z } from 'zod'
import { checkDocument, checkWindow } from './checks.js'
import { assemble } from './chunks.js'
import { runStart, span } from './run-of-text.js'

/** T of an example and the fewest document tokens. */
function targetTokens(window: Window): number {
  checkWindow(window)
  return window.target
}

/**
 * Full-length training, the paper's upper bound: examples of L_t tokens at positions 0 … L_t − 1. It takes the memory
 * and time of L_t tokens.
 */
export const fullLength = definePlugin({
  kind: 'position-transform',
  name: 'full-length',
  summary: 'a run of the document of the whole target window at positions 0 … L_t − 1',
  config: z.strictObject({ span }),
  create: ({ span }): PositionTransform => ({
    minimumTokens: targetTokens,
    exampleLength: targetTokens,
    coverage: window => new Float64Array(targetTokens(window)).fill(1),
    example: (document, window, draw) => {
      const tokens = targetTokens(window)
      checkDocument(document, tokens)
      return assemble(document, window, {
        starts: [0, tokens],
        skips: [0],
        offsets: [runStart(document.length, tokens, span, draw)]
      })
    }
  })
})
