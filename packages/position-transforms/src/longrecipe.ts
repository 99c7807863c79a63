import { definePlugin, randomStream, type PositionTransform } from '@skipwise/core'
import { z } from 'zod'
import { boundaryTest } from './boundaries.js'
import { checkDocument, checkWindow, oneWindow } from './checks.js'
import { assemble } from './chunks.js'
import { sortedSample } from './sorted-sample.js'

const config = z.strictObject({
  splitAfter: z
    .array(z.int().min(0))
    .min(1)
    .default([13, 198, 30, 0, 627])
    .describe(
      'token ids that end a sentence; the default is of Llama 3: full stop, line break, ?, ! and full stop with line break'
    )
})

/** Starts of the sentences of a text, then its length; a sentence ends with a boundary. */
function sentenceStarts(text: Int32Array, ends: (id: number) => boolean): number[] {
  const starts = [0]
  for (let t = 0; t + 1 < text.length; t++) if (ends(text[t])) starts.push(t + 1)
  return [...starts, text.length]
}

/**
 * LongRecipe's position indices (Hu et al., ACL 2025; `FSProcessor`): the document's first T tokens, split after
 * sentences into n segments. Segments keep contiguous ids; gaps of L_t − T in all are distributed among them, u_i = p_i
 * − i with p a sorted sample of n of L_t − T + n places and u_0 = 0. The first r ~ U{1 … ⌊(T + 1) / 2⌋} tokens stay at
 * 0 … r − 1. The repository treats token 0 as a gap, which moves a first sentence of one token; this implementation
 * does not.
 */
export const longrecipe = definePlugin({
  kind: 'position-transform',
  name: 'longrecipe',
  summary: 'LongRecipe: random gaps between sentences of one run of text, after an unbroken beginning',
  config,
  create: ({ splitAfter }): PositionTransform => {
    const ends = boundaryTest(splitAfter) as (id: number) => boolean
    return {
      minimumTokens: oneWindow,
      example: (document, window, draw) => {
        checkWindow(window)
        const { original: tokens, target } = window
        checkDocument(document, tokens)
        const random = randomStream({ ...draw, stream: 'position-transform' })
        const sentences = sentenceStarts(document.subarray(0, tokens), ends)
        const n = sentences.length - 1
        const places = sortedSample(n, target - tokens + n, random)
        const unbroken = random.integer(1, (tokens + 1) >> 1)
        const starts = [0]
        const skips = [0]
        for (let i = 0; i < n; i++) {
          if (sentences[i + 1] <= unbroken) continue
          starts.push(Math.max(sentences[i], unbroken))
          skips.push(i === 0 ? 0 : places[i] - i)
        }
        return assemble(document, window, { starts: [...starts, tokens], skips, offsets: new Int32Array(skips.length) })
      }
    }
  }
})
