import { definePlugin, type PositionTransform } from '@skipwise/core'
import { z } from 'zod'
import { checkDocument, checkWindow, oneWindow } from './checks.js'
import { assemble } from './chunks.js'
import { exactCoverage } from './coverage.js'
import { runStart, span } from './run-of-text.js'

/**
 * Positions 0 … T − 1 without skips: the baseline that trains with interpolation alone at the original window (asked
 * for in PoSE issue 10), and ordinary training from random weights.
 */
export const contiguous = definePlugin({
  kind: 'position-transform',
  name: 'contiguous',
  summary: 'a run of the document at positions 0 … T − 1, no skips',
  config: z.strictObject({ span }),
  create: ({ span }): PositionTransform => ({
    minimumTokens: oneWindow,
    coverage: window => exactCoverage(window, { chunks: 1 }),
    example: (document, window, draw) => {
      checkWindow(window)
      const { original: tokens } = window
      checkDocument(document, tokens)
      return assemble(document, window, {
        starts: [0, tokens],
        skips: [0],
        offsets: [runStart(document.length, tokens, span, draw)]
      })
    }
  })
})
