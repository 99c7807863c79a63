import { definePlugin, type RopeGeometry } from '@skipwise/core'
import { z } from 'zod'
import { factorOf } from './geometry.js'
import { keyError, valueOf } from './json-keys.js'
import { fromOriginalWindow, type HuggingFaceRopeType } from './rope-type.js'
import { lengthDependentError } from './table-as-longrope.js'
import { yarn } from './yarn.js'

const config = z.strictObject({
  finetuned: z
    .boolean()
    .default(false)
    .describe('the model was trained at L_t: up to there the factor is L_t / L_c for every length'),
  relativeTo: z
    .enum(['original', 'window'])
    .default('original')
    .describe('what a longer length is divided by: L_c, or the window it exceeds as in modeling_llama_yarn.py')
})

/** The factor at a length: constant up to the window W (L_t when fine-tuned, else L_c), then growing with ℓ. */
function factorAt(
  { originalLength, targetLength, length = targetLength }: RopeGeometry,
  { finetuned, relativeTo }: z.output<typeof config>
): number {
  const window = finetuned ? targetLength : originalLength
  if (length <= window) return window / originalLength
  return length / (relativeTo === 'original' ? originalLength : window)
}

/**
 * Dynamic YaRN: {@link yarn} with s = ℓ / L_c for sequences longer than the window, recomputed as they grow (YaRN
 * repository). Its files disagree: the patches and the "together" model divide by L_c, `modeling_llama_yarn.py` by the
 * window, so that a fine-tuned model falls back to s ≈ 1 just past it; that one is `relativeTo: 'window'`. Without
 * `geometry.length` ℓ = L_t.
 */
export const dynamicYarn = definePlugin({
  kind: 'interpolation',
  name: 'dynamic-yarn',
  summary: 'yarn with s = ℓ / L_c, growing with the sequence (YaRN repository)',
  config,
  create: given => {
    const atFactor = yarn()
    return {
      frequencies: geometry => {
        factorOf(geometry)
        const { length: _, ...rest } = geometry
        return atFactor.frequencies({
          ...rest,
          targetLength: geometry.originalLength * Math.max(1, factorAt(geometry, given))
        })
      },
      toHuggingFace: geometry => {
        factorOf(geometry)
        throw lengthDependentError('dynamic-yarn', 'use yarn, which is the same at the target length')
      }
    }
  }
})

/** `dynamic-yarn`, which the models of the YaRN repository read. */
export const dynamicYarnFromHuggingFace: HuggingFaceRopeType = {
  plugin: dynamicYarn,
  types: ['dynamic-yarn'],
  read: keys => {
    const finetuned = valueOf(keys.rope, 'finetuned') ?? false
    const lengths = fromOriginalWindow(keys)
    const { originalLength } = lengths
    if (finetuned === true) return { config: { finetuned }, originalLength, factor: keys.maxLength / originalLength }
    if (keys.maxLength !== originalLength) {
      throw keyError(
        `dynamic-yarn that is not finetuned starts at max_position_embeddings ${keys.maxLength} and not at the original window of ${originalLength}`,
        'set them equal, or finetuned to true'
      )
    }
    return { config: { finetuned }, ...lengths }
  }
}
