import { definePlugin, type RopeFrequencies, type RopeGeometry } from '@skipwise/core'
import { z } from 'zod'
import { factorOf, ropeFrequencies } from './geometry.js'
import { tableAsLongrope } from './table-as-longrope.js'
import { yarnRamp, yarnScale } from './yarn-ramp.js'

/** λ̂_i = (1 − m_i) · s + m_i, [R/2]: the factor by which a wavelength grows. */
export function wavelengthFactors(geometry: RopeGeometry): Float64Array {
  const factor = factorOf(geometry)
  return yarnRamp(geometry, { betaFast: 32, betaSlow: 1, truncate: true, clamp: 'dimensions' }).map(
    kept => (1 - kept) * factor + kept
  )
}

function frequencies(geometry: RopeGeometry): RopeFrequencies {
  const factors = wavelengthFactors(geometry)
  return {
    inverseFrequencies: ropeFrequencies(geometry.base, geometry.rotaryDim).map((theta, i) => theta / factors[i]),
    attentionFactor: yarnScale(factorOf(geometry)),
    softmaxScale: 1
  }
}

/**
 * YaRN as the PoSE repository computes it for LLaMA and Baichuan (and CREAM): the ramp of {@link yarn} over
 * *wavelengths*, so θ'_i = θ_i / ((1 − m_i) · s + m_i), a harmonic mean. Frequencies differ by up to 2.5× at s = 8. No
 * stock type has this formula; it is written as `longrope` with λ̂ in both factor lists and A as `attention_factor`,
 * which computes the same.
 */
export const yarnRevised = definePlugin({
  kind: 'interpolation',
  name: 'yarn-revised',
  summary: 'YaRN of the PoSE repository: harmonic mean of θ/s and θ along the ramp',
  config: z.strictObject({}),
  create: () => ({
    frequencies,
    toHuggingFace: geometry => tableAsLongrope(geometry, frequencies(geometry))
  })
})
