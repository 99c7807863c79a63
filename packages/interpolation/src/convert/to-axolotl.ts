import type { Conversion, RopeSource } from './conversion.js'
import { ropeKeys } from './to-transformers.js'

/**
 * The keys of an axolotl recipe. It loads models with transformers 5, and refuses `rope_scaling` at the top of a
 * recipe: the RoPE goes into `overrides_of_model_config`.
 *
 * @throws SkipwiseError `INTERPOLATION_EXPORT`, `ROPE_INEXPRESSIBLE`
 */
export function toAxolotl(source: RopeSource, asLongrope = false): Conversion {
  const { rope_parameters, max_position_embeddings } = ropeKeys(source, 'axolotl', asLongrope)
  return {
    stack: 'axolotl',
    keys: { overrides_of_model_config: { rope_parameters, max_position_embeddings } },
    notes: [
      'use_pose does nothing since axolotl 0.5.0 without sample_packing, and fails with it: make the positions beforehand'
    ]
  }
}
