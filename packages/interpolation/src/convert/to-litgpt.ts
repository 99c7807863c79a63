import { effectiveBase } from '../effective-base.js'
import { ropeFrequencies } from '../geometry.js'
import { inexpressible, sameFrequencies, staticFrequencies, type Conversion, type RopeSource } from './conversion.js'

/**
 * The keys of a litgpt `Config`: `rope_base`, `rope_condense_ratio` for linear, `rope_adjustments` for llama3. Its yarn
 * is the reverse of all others (fast frequencies interpolated, slow ones kept), so it is never written.
 *
 * @throws SkipwiseError `ROPE_INEXPRESSIBLE`
 */
export function toLitgpt(source: RopeSource): Conversion {
  const { geometry, window, name, interpolation } = source
  const { base, rotaryDim, originalLength, targetLength } = geometry
  const frequencies = staticFrequencies(source)
  const factor = targetLength / originalLength
  const result = (keys: Record<string, unknown>): Conversion => ({
    stack: 'litgpt',
    keys: { rope_base: base, rope_n_elem: rotaryDim, block_size: window, ...keys },
    notes: []
  })
  if (frequencies?.attentionFactor === 1 && frequencies.softmaxScale === 1) {
    const plain = effectiveBase(geometry, frequencies)
    if (plain !== undefined) return result({ rope_base: plain })
    const linear = { ...frequencies, inverseFrequencies: ropeFrequencies(base, rotaryDim).map(theta => theta / factor) }
    if (sameFrequencies(frequencies, linear)) return result({ rope_condense_ratio: factor })
    if (name === 'llama3') {
      const { low_freq_factor, high_freq_factor } = interpolation.toHuggingFace(geometry).rope_parameters
      return result({
        rope_adjustments: {
          factor,
          low_freq_factor,
          high_freq_factor,
          original_max_seq_len: Math.round(originalLength)
        }
      })
    }
  }
  throw inexpressible(
    'litgpt',
    `it has no keys for ${name}${name.includes('yarn') ? '; its own yarn interpolates the fast frequencies and keeps the slow ones' : ''}`,
    'use linear, llama3 or no scaling there, or another stack'
  )
}
