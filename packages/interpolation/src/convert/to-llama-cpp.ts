import type { RopeFrequencies } from '@skipwise/core'
import { effectiveBase } from '../effective-base.js'
import { ropeFrequencies } from '../geometry.js'
import { yarn } from '../yarn.js'
import { yarnRampEnds, yarnScale } from '../yarn-ramp.js'
import { inexpressible, sameFrequencies, staticFrequencies, type Conversion, type RopeSource } from './conversion.js'

/** `general.architecture` of a `model_type`, where they differ. */
const architectures: Readonly<Record<string, string>> = { mistral: 'llama', mixtral: 'llama' }
/** Architectures whose graph passes `rope_freqs.weight` to the rotation; the others ignore the tensor. */
const withFactors = ['llama']

/** The `general.architecture` of a `model_type`, and whether its graph takes a table of factors. */
export function llamaCppArchitecture(modelType = 'llama'): { readonly name: string; readonly takesFactors: boolean } {
  const name = architectures[modelType] ?? modelType
  return { name, takesFactors: withFactors.includes(name) }
}

/**
 * The GGUF keys (and tensors) for llama.cpp. It multiplies the attention factor of yarn by its own 0.1 ln s + 1, so `attn_factor` is what is
 * left of A; it always truncates the ramp and clamps it at R − 1. Whatever it has no type for is written as factors λ̂_i = θ_i / θ'_i in
 * `rope_freqs.weight`, as its converter does for LLaMA 3.
 *
 * @throws SkipwiseError `ROPE_INEXPRESSIBLE`
 */
export function toLlamaCpp(source: RopeSource): Conversion {
  const { geometry, window, modelType } = source, { name: architecture, takesFactors } = llamaCppArchitecture(modelType), { base, rotaryDim, originalLength, targetLength } = geometry
  const frequencies = staticFrequencies(source), factor = targetLength / originalLength, original = ropeFrequencies(base, rotaryDim)
  const common = { 'rope.freq_base': base, 'rope.dimension_count': rotaryDim, context_length: window }
  const result = (keys: Record<string, unknown>, tensors?: Conversion['tensors']): Conversion => ({
    stack: 'llama.cpp',
    keys: Object.fromEntries(Object.entries({ ...common, ...keys }).map(([key, value]) => [`${architecture}.${key}`, value])),
    ...(tensors ? { tensors } : {}),
    notes: []
  })
  if (!frequencies) return longropeLists(source, result)
  if (frequencies.softmaxScale !== 1) throw inexpressible('llama.cpp', `no key multiplies the softmax scale by ${frequencies.softmaxScale}`, 'use a scheme that acts through the attention factor')
  const table = (theta: ArrayLike<number>): RopeFrequencies => ({ ...frequencies, inverseFrequencies: Float64Array.from(theta) })
  const attention = frequencies.attentionFactor === 1 ? {} : { 'rope.scaling.attn_factor': frequencies.attentionFactor }
  const plain = effectiveBase(geometry, frequencies)
  if (plain !== undefined) return result({ 'rope.scaling.type': 'none', 'rope.freq_base': plain, ...attention })
  if (frequencies.attentionFactor === 1 && sameFrequencies(frequencies, table(original.map(theta => theta / factor)))) return result({ 'rope.scaling.type': 'linear', 'rope.scaling.factor': factor })
  if (isItsYarn(source, frequencies)) {
    return result({
      'rope.scaling.type': 'yarn',
      'rope.scaling.factor': factor,
      'rope.scaling.original_context_length': Math.round(originalLength),
      'rope.scaling.attn_factor': frequencies.attentionFactor / yarnScale(factor)
    })
  }
  if (!takesFactors) throw noFactors(architecture)
  checkFactors(frequencies)
  return result({ 'rope.scaling.type': 'none', ...attention }, { 'rope_freqs.weight': Array.from(original, (theta, i) => theta / frequencies.inverseFrequencies[i]) })
}

/** Whether llama.cpp's own yarn gives these frequencies: default rotations, truncated ends in order (it divides by max(0.001, hi − lo)). */
function isItsYarn({ geometry }: RopeSource, frequencies: RopeFrequencies): boolean {
  if (!(geometry.base > 1) || !Number.isInteger(geometry.originalLength)) return false
  const config = yarn.config.parse({}), { low, high } = yarnRampEnds(geometry, config)
  const own = yarn.create(config).frequencies(geometry)
  return high >= low && sameFrequencies({ ...own, attentionFactor: frequencies.attentionFactor }, frequencies)
}

const noFactors = (architecture: string) =>
  inexpressible('llama.cpp', `its ${architecture} reads no table of rope factors, and it has no type for these frequencies`, 'serve it with transformers or vLLM')

function checkFactors({ inverseFrequencies }: RopeFrequencies): void {
  if (inverseFrequencies.some(frequency => frequency === 0)) throw inexpressible('llama.cpp', 'some pairs do not turn, which no finite factor says', 'serve it with transformers')
}

/** Two lists of longrope, between which llama.cpp chooses once, by the size of its context. */
function longropeLists({ interpolation, geometry, name, modelType }: RopeSource, result: (keys: Record<string, unknown>, tensors: Conversion['tensors']) => Conversion): Conversion {
  const at = (length: number) => interpolation.frequencies({ ...geometry, length }), { originalLength, targetLength } = geometry
  const short = at(originalLength), long = at(targetLength)
  const steps = sameFrequencies(short, at(originalLength / 2)) && sameFrequencies(long, at(originalLength + 1)) && sameFrequencies(long, at(2 * targetLength)) && short.attentionFactor === long.attentionFactor
  if (!steps) throw inexpressible('llama.cpp', `the frequencies of ${name} follow the length of the sequence; llama.cpp computes them once`, 'serve it with transformers')
  const architecture = llamaCppArchitecture(modelType)
  if (!architecture.takesFactors) throw noFactors(architecture.name)
  checkFactors(long)
  checkFactors(short)
  const factors = ({ inverseFrequencies }: RopeFrequencies) => Array.from(ropeFrequencies(geometry.base, geometry.rotaryDim), (theta, i) => theta / inverseFrequencies[i])
  const conversion = result(
    { 'rope.scaling.type': 'longrope', 'rope.scaling.original_context_length': Math.round(originalLength), 'rope.scaling.attn_factor': long.attentionFactor },
    { 'rope_factors_short.weight': factors(short), 'rope_factors_long.weight': factors(long) }
  )
  return { ...conversion, notes: [`llama.cpp takes the long list for every sequence when the context exceeds ${originalLength}; start it with -c ${originalLength} for the short one`] }
}
