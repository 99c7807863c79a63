import { definePlugin, randomStream, type PositionTransform } from '@skipwise/core'
import { z } from 'zod'
import { assertPositionIds, checkDocument, checkWindow, oneWindow } from './checks.js'

const config = z.strictObject({
  span: z.enum(['random', 'first']).default('random').describe('which T tokens of a document: any run of it with the same probability, or its first')
})

/**
 * Positions 0 … T − 1 without skips: the baseline that trains with interpolation alone at the original window (asked for in PoSE
 * issue 10), and ordinary training from random weights.
 */
export const contiguous = definePlugin({
  kind: 'position-transform',
  name: 'contiguous',
  summary: 'a run of the document at positions 0 … T − 1, no skips',
  config,
  create: ({ span }): PositionTransform => ({
    minimumTokens: oneWindow,
    example: (document, window, draw) => {
      checkWindow(window)
      const { original: tokens, target } = window
      checkDocument(document, tokens)
      const start = span === 'first' ? 0 : randomStream({ ...draw, stream: 'position-transform' }).integer(0, document.length - tokens)
      const positionIds = new Int32Array(tokens)
      for (let t = 0; t < tokens; t++) positionIds[t] = t
      assertPositionIds(positionIds, target)
      const labelMask = new Uint8Array(tokens).fill(1)
      labelMask[0] = 0
      return { ids: document.slice(start, start + tokens), positionIds, labelMask }
    }
  })
})
