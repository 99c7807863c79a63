import { isSkipwiseError, type SkipwiseError } from '@skipwise/core'
import type { Stack } from '../convert/conversion.js'
import { effectiveBase } from '../effective-base.js'
import { objectAt, valueOf, type JsonObject } from '../json-keys.js'
import { readHuggingFaceRopes, type LayerRopeReading } from '../read-hugging-face.js'
import { numberSpellings } from './number-spellings.js'
import { resolveOwn } from './resolve-own.js'
import type { DoctorFacts, RopeCase, Rule } from './rule.js'
import { rulesOfKeys } from './rules-of-keys.js'
import { rulesOfLengths } from './rules-of-lengths.js'
import { rulesOfPose } from './rules-of-pose.js'
import { rulesOfStacks } from './rules-of-stacks.js'

/** Every trap that is looked for, in the order of the report. */
export const doctorRules: readonly Rule[] = [...rulesOfLengths, ...rulesOfKeys, ...rulesOfStacks, ...rulesOfPose]

/** The effective numbers of one RoPE. */
export interface RopeNumbers {
  readonly layerType?: string
  /** Name of the interpolation plugin. */
  readonly scheme: string
  /** Its configuration, with defaults. */
  readonly config: Readonly<Record<string, unknown>>
  /** `rope_theta`. */
  readonly base: number
  /** The base of which the frequencies are the plain RoPE, when there is one. */
  readonly effectiveBase?: number
  /** s. */
  readonly factor: number
  /** L_c in tokens. */
  readonly originalLength: number
  /** L_c · s in tokens. */
  readonly targetLength: number
  /** `max_position_embeddings`. */
  readonly window: number
  /** R. */
  readonly rotaryDim: number
  /** A, at the target length. */
  readonly attentionFactor: number
  /** θ'_i [R/2] at the target length, radians per token. */
  readonly inverseFrequencies: readonly number[]
}

/** Something to know about a RoPE. */
export interface Finding {
  /** Stable name of the rule. */
  readonly rule: string
  /** `wrong`: some stack in question runs another model than the file means. `note`: nothing is wrong, somebody may still fall into it. */
  readonly level: 'wrong' | 'note'
  /** The stacks concerned; all of them if not given. */
  readonly stacks?: readonly Stack[]
  readonly layerType?: string
  readonly problem: string
  readonly why: string
  readonly fix: string
}

/** What {@link diagnoseRope} finds. */
export interface Diagnosis {
  readonly ropes: readonly RopeNumbers[]
  readonly findings: readonly Finding[]
  /** Whether any finding is `wrong`. */
  readonly wrong: boolean
}

/** How {@link diagnoseRope} looks. */
export interface DoctorOptions extends DoctorFacts {
  /** The stack in question: its traps count, those of others are left out. Without it those of transformers count, and others are notes. */
  readonly stack?: Stack
}

/**
 * The effective numbers of a `config.json` and every trap of {@link doctorRules} that it falls into. Never throws for what a file says:
 * a file that cannot be read is itself a finding.
 *
 * @param config the parsed file; nothing in it is trusted
 *
 * @example
 * ```ts
 * const { findings, wrong } = diagnoseRope(JSON.parse(text), { text, stack: 'vllm' })
 * ```
 */
export function diagnoseRope(config: Readonly<Record<string, unknown>>, options: DoctorOptions = {}): Diagnosis {
  const found: { ropes: RopeNumbers[]; findings: Finding[] } = { ropes: [], findings: [] }
  const readings = attempt(() => readHuggingFaceRopes(config))
  if ('error' in readings) found.findings.push(unreadable(readings.error))
  else {
    const spellings = options.text === undefined ? [] : numberSpellings(options.text)
    for (const layer of readings.value) if (layer.reading) diagnoseLayer(config, layer, { options, spellings }, found)
  }
  return { ...found, wrong: found.findings.some(({ level }) => level === 'wrong') }
}

function diagnoseLayer(
  config: JsonObject, { layerType, reading }: LayerRopeReading, { options, spellings }: { options: DoctorOptions; spellings: RopeCase['spellings'] }, found: { ropes: RopeNumbers[]; findings: Finding[] }
): void {
  if (!reading) return
  const { geometry, name } = reading, { base, rotaryDim, originalLength, targetLength } = geometry, frequencies = attempt(() => resolveOwn(reading).frequencies(geometry))
  if ('error' in frequencies) {
    found.findings.push({ ...unreadable(frequencies.error), ...(layerType === undefined ? {} : { layerType }) })
    return
  }
  const rope = ropeObject(config, layerType), { inverseFrequencies, attentionFactor } = frequencies.value, factor = targetLength / originalLength
  const window = (valueOf(config, 'max_position_embeddings') ?? valueOf(config, 'n_positions')) as number
  const original = ((layerType === undefined ? valueOf(config, 'original_max_position_embeddings') : undefined) ?? valueOf(rope, 'original_max_position_embeddings')) as number | undefined
  const plain = attentionFactor === 1 ? effectiveBase(geometry, frequencies.value) : undefined, at = layerType === undefined ? {} : { layerType }
  found.ropes.push({
    ...at, scheme: name, config: reading.config, base, ...(plain === undefined ? {} : { effectiveBase: plain }), factor, originalLength, targetLength, window, rotaryDim, attentionFactor,
    inverseFrequencies: Array.from(inverseFrequencies)
  })
  const type = String(valueOf(rope, 'rope_type') ?? valueOf(rope, 'type') ?? 'default')
  const ropeCase: RopeCase = { config, rope, layerType, type, reading, geometry, factor, frequencies: frequencies.value, window, original, facts: options, spellings }
  for (const { id, stacks, check } of doctorRules) {
    const applies = !stacks || !options.stack || stacks.includes(options.stack), result = applies ? check(ropeCase) : undefined
    if (!result) continue
    const concerns = !stacks || stacks.includes(options.stack ?? 'transformers'), { problem, why, fix } = result
    found.findings.push({ rule: id, level: concerns ? (result.level ?? 'wrong') : 'note', ...(stacks ? { stacks } : {}), ...at, problem, why, fix })
  }
}

/** The rope object of a layer type, in whichever form it stands. */
function ropeObject(config: JsonObject, layerType: string | undefined): JsonObject {
  const forms = ['rope_scaling', 'rope_parameters'].map(key => objectAt(config, key)).filter(form => form && Object.keys(form).length > 0), rope = forms[0] ?? {}
  if (layerType === undefined) return rope
  const isObject = (value: unknown) => typeof value === 'object' && value !== null && !Array.isArray(value)
  if (Object.values(rope).some(isObject)) return objectAt(rope, layerType) ?? {}
  // Gemma 3's old form: the rope object is that of the full layers, the sliding ones have rope_local_base_freq
  return layerType === 'full_attention' ? rope : { rope_theta: valueOf(config, 'rope_local_base_freq') }
}

const unreadable = ({ problem, fix, code }: SkipwiseError): Finding => ({ rule: 'unreadable', level: 'wrong', problem, why: `the file does not say one thing that every stack would compute (${code})`, fix })

function attempt<T>(run: () => T): { value: T } | { error: SkipwiseError } {
  try {
    return { value: run() }
  } catch (error) {
    if (isSkipwiseError(error)) return { error }
    throw error
  }
}
