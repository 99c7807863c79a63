import { yarnScale } from '../yarn-ramp.js'
import { inexpressible, type Conversion, type RopeSource } from './conversion.js'
import { ropeKeys } from './to-transformers.js'

/**
 * The RoPE keys of `config.json` for vLLM, old and new: those of transformers, and those from which vLLM takes the
 * attention factor. Its longrope reads `short_mscale` and `long_mscale`, and derives A from the window without them;
 * the yarn of older versions reads `attn_factor`, a multiple of 0.1 ln s + 1, and not `attention_factor`.
 *
 * @throws SkipwiseError `INTERPOLATION_EXPORT`, `ROPE_INEXPRESSIBLE`
 */
export function toVllm(source: RopeSource, asLongrope = false): Conversion {
  const { interpolation, geometry, name } = source
  const rope = ropeKeys(source, 'vllm', asLongrope)
  const type = rope.rope_parameters['rope_type']
  if (type === 'dynamic') {
    throw inexpressible(
      'vllm',
      `${name} follows the length of the sequence; vLLM computes one table per model for 'dynamic'`,
      "choose scheme 'dynamic-ntk-static' if that table is what you want, or serve with transformers"
    )
  }
  const { attentionFactor } = interpolation.frequencies(geometry)
  const factor = geometry.targetLength / geometry.originalLength
  const extra =
    type === 'longrope'
      ? { short_mscale: attentionFactor, long_mscale: attentionFactor }
      : type === 'yarn'
        ? { attention_factor: attentionFactor, attn_factor: attentionFactor / yarnScale(factor) }
        : {}
  return {
    stack: 'vllm',
    keys: {
      rope_parameters: { ...rope.rope_parameters, ...extra },
      rope_scaling: rope.rope_scaling && { ...rope.rope_scaling, ...extra },
      rope_theta: rope.rope_theta,
      max_position_embeddings: rope.max_position_embeddings,
      original_max_position_embeddings: rope.original_max_position_embeddings
    },
    notes: [
      ...(type === 'longrope' && differ(rope.rope_parameters)
        ? [
            `vLLM takes the long list for every sequence when max_model_len exceeds ${geometry.originalLength}; pass --max-model-len ${geometry.originalLength} for the short one`
          ]
        : []),
      ...(type === 'linear' && factor > 1
        ? [`vLLM multiplies max_position_embeddings by the factor of linear: pass --max-model-len ${source.window}`]
        : []),
      ...(type === 'proportional' ? ['vLLM knows proportional from the versions with Gemma 4 on'] : [])
    ]
  }
}

const differ = ({ short_factor, long_factor }: Readonly<Record<string, unknown>>) =>
  JSON.stringify(short_factor) !== JSON.stringify(long_factor)
