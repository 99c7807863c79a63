import { definePlugin, randomStream, type PositionTransform } from '@skipwise/core'
import { z } from 'zod'
import { assertPositionIds, checkDocument, checkWindow, oneWindow } from './checks.js'
import { sortedSample } from './sorted-sample.js'

/**
 * RandPos (Ruoss et al., ACL 2023, as the PoSE paper's baseline runs it): the document's first T tokens at T distinct
 * positions of 0 … L_t − 1, in increasing order, every set with the same probability.
 */
export const randpos = definePlugin({
  kind: 'position-transform',
  name: 'randpos',
  summary: 'the first T tokens at T distinct random positions below L_t',
  config: z.strictObject({}),
  create: (): PositionTransform => ({
    minimumTokens: oneWindow,
    example: (document, window, draw) => {
      checkWindow(window)
      const { original: tokens, target } = window
      checkDocument(document, tokens)
      const positionIds = sortedSample(tokens, target, randomStream({ ...draw, stream: 'position-transform' }))
      assertPositionIds(positionIds, target)
      return {
        ids: document.slice(0, tokens),
        positionIds,
        labelMask: new Uint8Array(tokens).fill(1, 1),
        sources: Int32Array.from({ length: tokens }, (_, t) => t)
      }
    }
  })
})
