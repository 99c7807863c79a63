import { isSkipwiseError, type SkipwiseError, withoutUndefined } from '@skipwise/core'
import type { Stack } from '../convert/conversion.js'
import { effectiveBase } from '../effective-base.js'
import { shown, valueOf, type JsonObject } from '../json-keys.js'
import { readRopes, type LayerRope } from '../read-hugging-face.js'
import { statedWindowOf, windowOf, type TextModel } from '../text-model.js'
import { numberSpellings } from './number-spellings.js'
import { resolveOwn } from './resolve-own.js'
import type { DoctorFacts, RopeCase, Rule } from './rule.js'
import { rulesOfKeys } from './rules-of-keys.js'
import { rulesOfLengths } from './rules-of-lengths.js'
import { rulesOfLlamaCpp } from './rules-of-llama-cpp.js'
import { rulesOfModels } from './rules-of-models.js'
import { rulesOfPose } from './rules-of-pose.js'
import { rulesOfStacks } from './rules-of-stacks.js'

/** Every rule, in the order of the report. */
export const doctorRules: readonly Rule[] = [
  ...rulesOfLengths,
  ...rulesOfKeys,
  ...rulesOfModels,
  ...rulesOfStacks,
  ...rulesOfLlamaCpp,
  ...rulesOfPose
]

/** The effective numbers of one RoPE. */
export interface RopeNumbers {
  readonly layerType?: string
  /** Name of the interpolation plugin. */
  readonly scheme: string
  /** Its configuration, with defaults. */
  readonly config: Readonly<Record<string, unknown>>
  /** `rope_theta`. */
  readonly base: number
  /** The base whose plain RoPE has these frequencies, when there is one. */
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

/** A finding about a RoPE. */
export interface Finding {
  /** Stable name of the rule. */
  readonly rule: string
  /**
   * `wrong`: some stack in question runs a different model from the one that the file describes. `note`: nothing is
   * wrong, but somebody may still be caught by it.
   */
  readonly level: 'wrong' | 'note'
  /** The stacks concerned; if undefined, all. */
  readonly stacks?: readonly Stack[]
  readonly layerType?: string
  readonly problem: string
  readonly why: string
  readonly fix: string
}

/** What {@link diagnoseRope} finds. */
export interface Diagnosis {
  /** Empty for a model without RoPE, and for a file that cannot be read. */
  readonly ropes: readonly RopeNumbers[]
  /** What a model without RoPE has instead: `ALiBi`, `learned positions`, … */
  readonly positions?: string
  /** The window of a model without RoPE, in tokens, where its file or its type has one. */
  readonly window?: number
  readonly findings: readonly Finding[]
  /** Whether any finding is `wrong`. */
  readonly wrong: boolean
}

/** Options of {@link diagnoseRope}. */
export interface DoctorOptions extends DoctorFacts {
  /**
   * The stack in question: its traps count, and those of others are left out. Without it, those of transformers count
   * and those of others are notes.
   */
  readonly stack?: Stack | undefined
}

/**
 * The effective numbers of a `config.json` and every trap of {@link doctorRules} that it falls into. Never throws
 * because of the content of a file: a file that cannot be read is itself a finding.
 *
 * @param config the parsed file; nothing in it is trusted
 *
 * @example
 * ```ts
 * const { findings, wrong } = diagnoseRope(JSON.parse(text), { text, stack: 'vllm' })
 * ```
 */
export function diagnoseRope(config: Readonly<Record<string, unknown>>, options: DoctorOptions = {}): Diagnosis {
  const ropes: RopeNumbers[] = []
  const findings: Finding[] = []
  const read = attempt(() => readRopes(config))
  if ('error' in read) return diagnosis({ ropes, findings: [unreadable(read.error)] })
  const { model, layers } = read.value
  if (model.positions !== undefined) {
    const window = attempt(() => statedWindowOf(model))
    const stated = 'value' in window && window.value !== undefined ? { window: window.value } : {}
    return diagnosis({ ropes, positions: model.positions, ...stated, findings: withoutRope(model) })
  }
  const context: Context = { model, file: config, options, spellings: spellingsOf(options.text, model) }
  for (const layer of layers) {
    const found = diagnoseLayer(layer, context)
    ropes.push(...found.ropes)
    findings.push(...found.findings)
  }
  return diagnosis({ ropes, findings })
}

const diagnosis = (found: Omit<Diagnosis, 'wrong'>): Diagnosis => ({
  ...found,
  wrong: found.findings.some(({ level }) => level === 'wrong')
})

/** What the layers of a file have in common. */
interface Context {
  readonly model: TextModel
  readonly file: JsonObject
  readonly options: DoctorOptions
  readonly spellings: RopeCase['spellings']
}

/** The numbers of the text model as they are written, by their paths in it. */
function spellingsOf(text: string | undefined, { path: [...prefix] }: TextModel): RopeCase['spellings'] {
  if (text === undefined) return []
  const inside = numberSpellings(text).filter(({ path }) => prefix.every((key, i) => path[i] === key))
  return inside.map(({ path, text: spelling }) => ({ path: path.slice(prefix.length), text: spelling }))
}

/** The report on a model without RoPE. */
function withoutRope({ config, name, positions }: TextModel): Finding[] {
  const none: Finding = {
    rule: 'no-rope',
    level: 'note',
    problem: `the model has ${positions ?? 'no positions'} and no RoPE`,
    why: 'keys of a RoPE have no meaning in it',
    fix: 'there is nothing to convert; only training gives a longer window'
  }
  const scaled = ['rope_scaling', 'rope_parameters'].filter(key => valueOf(config, key) !== undefined)
  if (scaled.length === 0) return [none]
  const ignored: Finding = {
    rule: 'architecture-ignores-rope',
    level: 'wrong',
    problem: `the file has ${scaled.join(' and ')}, the model ${name === undefined ? '' : `(${shown(name)}) `}has no RoPE`,
    why: 'nothing reads the keys: the model runs as it was trained',
    fix: 'remove them'
  }
  return [none, ignored]
}

function diagnoseLayer(
  { layerType, reading, rope, original }: LayerRope,
  { model, file, options, spellings }: Context
): Pick<Diagnosis, 'ropes' | 'findings'> {
  if (!reading) return { ropes: [], findings: [] }
  const { geometry, name } = reading
  const { base, rotaryDim, originalLength, targetLength } = geometry
  const at = layerType === undefined ? {} : { layerType }
  const frequencies = attempt(() => resolveOwn(reading).frequencies(geometry))
  if ('error' in frequencies) return { ropes: [], findings: [{ ...unreadable(frequencies.error), ...at }] }
  const { inverseFrequencies, attentionFactor } = frequencies.value
  const factor = targetLength / originalLength
  const window = windowOf(model)
  const plain = attentionFactor === 1 ? effectiveBase(geometry, frequencies.value) : undefined
  const numbers: RopeNumbers = withoutUndefined({
    ...at,
    scheme: name,
    config: reading.config,
    base,
    effectiveBase: plain,
    factor,
    originalLength,
    targetLength,
    window,
    rotaryDim,
    attentionFactor,
    inverseFrequencies: Array.from(inverseFrequencies)
  })
  const type = String(valueOf(rope, 'rope_type') ?? valueOf(rope, 'type') ?? 'default')
  const ropeCase: RopeCase = {
    file,
    model,
    config: model.config,
    rope,
    layerType,
    type,
    reading,
    geometry,
    factor,
    frequencies: frequencies.value,
    window,
    original,
    facts: options,
    spellings
  }
  const findings: Finding[] = []
  for (const { id, stacks, check } of doctorRules) {
    const applies = !stacks || !options.stack || stacks.includes(options.stack)
    const result = applies ? check(ropeCase) : undefined
    if (!result) continue
    const concerns = !stacks || stacks.includes(options.stack ?? 'transformers')
    const { problem, why, fix } = result
    findings.push(
      withoutUndefined({
        rule: id,
        level: concerns ? (result.level ?? 'wrong') : 'note',
        stacks,
        ...at,
        problem,
        why,
        fix
      })
    )
  }
  return { ropes: [numbers], findings }
}

const unreadable = ({ problem, fix, code }: SkipwiseError): Finding => ({
  rule: 'unreadable',
  level: 'wrong',
  problem,
  why: `stacks compute different things from this file (${code})`,
  fix
})

function attempt<T>(run: () => T): { value: T } | { error: SkipwiseError } {
  try {
    return { value: run() }
  } catch (error) {
    if (isSkipwiseError(error)) return { error }
    throw error
  }
}
