import { type RopeFrequencies, withoutUndefined } from '@skipwise/core'
import { effectiveBase } from '../effective-base.js'
import { ropeFrequencies } from '../geometry.js'
import { valueOf } from '../json-keys.js'
import { yarn } from '../yarn.js'
import { yarnRampEnds, yarnScale } from '../yarn-ramp.js'
import { inexpressible, sameFrequencies, staticFrequencies, type Conversion, type RopeSource } from './conversion.js'
import { llamaCppArchitecture, type LlamaCppArchitecture } from './llama-cpp-architectures.js'

type Keys = Readonly<Record<string, unknown>>

/**
 * The GGUF keys (and tensors) for llama.cpp. Since its pull request 17945 it derives the attention factor of yarn
 * itself, as 0.1 ln s + 1 or from `yarn_log_multiplier`, and multiplies it by `attn_factor`, so that key has the rest
 * of A; it always truncates the ramp and clamps it at R − 1. A scheme that it has no type for is written as factors
 * λ̂_i = θ_i / θ'_i, as its converter does for LLaMA 3 and Phi-3.
 *
 * @throws SkipwiseError `ROPE_INEXPRESSIBLE`
 */
export function toLlamaCpp(source: RopeSource): Conversion {
  const architecture = llamaCppArchitecture(source.model)
  const { geometry } = source
  const { base, rotaryDim, originalLength, targetLength } = geometry
  const factor = targetLength / originalLength
  const frequencies = staticFrequencies(source)
  if (!frequencies) return longropeLists(source, architecture)
  if (frequencies.softmaxScale !== 1)
    throw inexpressible(
      'llama.cpp',
      `no key multiplies the softmax scale by ${frequencies.softmaxScale}`,
      'use a scheme that acts through the attention factor'
    )
  const table = (theta: ArrayLike<number>): RopeFrequencies => ({
    ...frequencies,
    inverseFrequencies: Float64Array.from(theta)
  })
  const attention = frequencies.attentionFactor === 1 ? {} : { 'rope.scaling.attn_factor': frequencies.attentionFactor }
  const plain = effectiveBase(geometry, frequencies)
  if (plain !== undefined)
    return conversion(source, architecture, { 'rope.scaling.type': 'none', 'rope.freq_base': plain, ...attention })
  const original = ropeFrequencies(base, rotaryDim)
  if (frequencies.attentionFactor === 1 && sameFrequencies(frequencies, table(original.map(theta => theta / factor)))) {
    return conversion(source, architecture, { 'rope.scaling.type': 'linear', 'rope.scaling.factor': factor })
  }
  if (isItsYarn(source, frequencies)) {
    return conversion(source, architecture, {
      'rope.scaling.type': 'yarn',
      'rope.scaling.factor': factor,
      'rope.scaling.original_context_length': Math.round(originalLength),
      ...yarnAttention(source, architecture, frequencies, factor)
    })
  }
  if (architecture.factors === undefined) throw noFactors(architecture)
  if (architecture.factors === 'two') return longropeLists(source, architecture)
  checkFactors(frequencies)
  return conversion(
    source,
    architecture,
    { 'rope.scaling.type': 'none', ...attention },
    { 'rope_freqs.weight': factorsOf(source, frequencies) }
  )
}

/** The keys common to all conversions and those of one, with the prefix of the architecture. */
function conversion(
  { geometry, window, rope }: RopeSource,
  { name }: LlamaCppArchitecture,
  keys: Keys,
  tensors?: Conversion['tensors']
): Conversion {
  const sections = valueOf(rope, 'mrope_section')
  const all = {
    'rope.freq_base': geometry.base,
    'rope.dimension_count': geometry.rotaryDim,
    context_length: window,
    ...(Array.isArray(sections) ? { 'rope.dimension_sections': [...sections, 0, 0, 0, 0].slice(0, 4) } : {}),
    ...keys
  }
  return withoutUndefined({
    stack: 'llama.cpp' as const,
    keys: Object.fromEntries(Object.entries(all).map(([key, value]) => [`${name}.${key}`, value])),
    tensors,
    notes: []
  })
}

/** DeepSeek's own keys: from this multiplier llama.cpp also takes the softmax scale, as the model's code does. */
function yarnAttention(
  { rope }: RopeSource,
  { name }: LlamaCppArchitecture,
  { attentionFactor }: RopeFrequencies,
  factor: number
): Keys {
  const allDimensions = valueOf(rope, 'mscale_all_dim')
  if (name !== 'deepseek2' || typeof allDimensions !== 'number' || allDimensions === 0)
    return { 'rope.scaling.attn_factor': attentionFactor / yarnScale(factor) }
  // its own factor is 1 there; its converter writes a tenth of mscale_all_dim
  return {
    'rope.scaling.yarn_log_multiplier': 0.1 * allDimensions,
    ...(attentionFactor === 1 ? {} : { 'rope.scaling.attn_factor': attentionFactor })
  }
}

/**
 * Whether llama.cpp's own yarn gives these frequencies: default rotations, truncated ends in order (it divides by
 * max(0.001, hi − lo)).
 */
function isItsYarn({ geometry }: RopeSource, frequencies: RopeFrequencies): boolean {
  if (!(geometry.base > 1) || !Number.isInteger(geometry.originalLength)) return false
  const { low, high } = yarnRampEnds(geometry, yarn.config.parse({}))
  const own = yarn().frequencies(geometry)
  return high >= low && sameFrequencies({ ...own, attentionFactor: frequencies.attentionFactor }, frequencies)
}

const noFactors = ({ name }: LlamaCppArchitecture) =>
  inexpressible(
    'llama.cpp',
    `its ${name} reads no table of rope factors, and it has no type for these frequencies`,
    'serve it with transformers or vLLM'
  )

function checkFactors({ inverseFrequencies }: RopeFrequencies): void {
  if (inverseFrequencies.some(frequency => frequency === 0))
    throw inexpressible(
      'llama.cpp',
      'some pairs are not rotated, which no finite factor expresses',
      'serve it with transformers'
    )
}

/** λ̂_i [R/2]. */
const factorsOf = ({ geometry: { base, rotaryDim } }: RopeSource, { inverseFrequencies }: RopeFrequencies): number[] =>
  Array.from(ropeFrequencies(base, rotaryDim), (theta, i) => theta / inverseFrequencies[i])

/** Two lists of longrope, between which llama.cpp chooses once, by the size of its context. */
function longropeLists(source: RopeSource, architecture: LlamaCppArchitecture): Conversion {
  const { interpolation, geometry, name } = source
  const { originalLength, targetLength } = geometry
  const at = (length: number) => interpolation.frequencies({ ...geometry, length })
  const short = at(originalLength)
  const long = at(targetLength)
  const steps =
    sameFrequencies(short, at(originalLength / 2)) &&
    sameFrequencies(long, at(originalLength + 1)) &&
    sameFrequencies(long, at(2 * targetLength)) &&
    short.attentionFactor === long.attentionFactor
  if (!steps)
    throw inexpressible(
      'llama.cpp',
      `the frequencies of ${name} follow the length of the sequence; llama.cpp computes them once`,
      'serve it with transformers'
    )
  if (architecture.factors === undefined) throw noFactors(architecture)
  checkFactors(long)
  checkFactors(short)
  const converted = conversion(
    source,
    architecture,
    {
      'rope.scaling.type': 'longrope',
      'rope.scaling.original_context_length': Math.round(originalLength),
      'rope.scaling.attn_factor': long.attentionFactor
    },
    { 'rope_factors_short.weight': factorsOf(source, short), 'rope_factors_long.weight': factorsOf(source, long) }
  )
  if (sameFrequencies(short, long)) return converted
  return {
    ...converted,
    notes: [
      `llama.cpp takes the long list for every sequence when the context exceeds ${originalLength}; start it with -c ${originalLength} for the short one`
    ]
  }
}
