import { definePlugin, randomStream, type PositionTransform, type Window } from '@skipwise/core'
import { z } from 'zod'
import { checkDocument, checkWindow, oneWindow } from './checks.js'
import { assemble } from './chunks.js'
import { exactCoverage, twoChunkCoverage } from './coverage.js'

/** Windows of a document that the authors' tokenizer call keeps. */
const KEPT_WINDOWS = 5

/** The example of the authors' repository; `shiftFirst` as before October 2023. */
function example(shiftFirst: boolean): PositionTransform['example'] {
  return (document, window, draw) => {
    checkWindow(window)
    const { original: tokens, target } = window
    const room = target - tokens
    checkDocument(document, tokens)
    const random = randomStream({ ...draw, stream: 'position-transform' })
    const cut = random.integer(1, (tokens + 1) >> 1)
    const end = random.integer(tokens, Math.min(document.length, KEPT_WINDOWS * tokens))
    const first = shiftFirst ? random.integer(0, room) : 0
    return assemble(document, window, {
      starts: [0, cut, tokens],
      skips: [first, random.integer(first, room)],
      offsets: [0, end - tokens]
    })
  }
}

/**
 * What the PoSE authors' repository does (`train_preprocess_function_pose`): two chunks, the first of r ~ U{1 … ⌊(T +
 * 1) / 2⌋} tokens and from the beginning of the document; the second ends at e ~ U{T … min(L_x, 5 T)} and skips u ~ U{0
 * … L_t − T}. The repository draws once and caches, keeps documents shorter than T and puts BOS first; here every epoch
 * draws again, a document has at least T tokens, and BOS is left to the data.
 */
export const poseRepo = definePlugin({
  kind: 'position-transform',
  name: 'pose-repo',
  summary: "PoSE as in its authors' repository: two chunks, the first of at most half",
  config: z.strictObject({}),
  create: (): PositionTransform => ({
    minimumTokens: oneWindow,
    coverage: window => exactCoverage(window, { lengths: 'half' }),
    example: example(false)
  })
})

/**
 * Both skips being drawn, u_1 − u_0 is d with probability Σ_{u_0 = 0}^{M − d} 1 / ((M + 1) (M − u_0 + 1)) = (H_{M + 1}
 * − H_d) / (M + 1), H_n the harmonic numbers: small skips are more likely.
 */
function coverageOfV1(window: Window): Float64Array {
  checkWindow(window)
  const { original, target } = window
  const skips = target - original + 1
  const atMost = new Float64Array(skips)
  let harmonic = 0
  let sum = 0
  for (let n = 1; n <= skips; n++) harmonic += 1 / n
  for (let d = 0; d < skips; d++) {
    if (d > 0) harmonic -= 1 / d
    atMost[d] = sum += harmonic / skips
  }
  return twoChunkCoverage(window, [1, (original + 1) >> 1], k => atMost[k])
}

/**
 * The same before October 2023: the first chunk skips too, u_0 ~ U{0 … L_t − T}, u_1 ~ U{u_0 … L_t − T}, so that large
 * distances are rarer.
 */
export const poseV1 = definePlugin({
  kind: 'position-transform',
  name: 'pose-v1',
  summary: "PoSE as in its authors' repository before October 2023: the first chunk skips too",
  config: z.strictObject({}),
  create: (): PositionTransform => ({ minimumTokens: oneWindow, coverage: coverageOfV1, example: example(true) })
})
