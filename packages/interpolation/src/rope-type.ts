import type { AnyPlugin } from '@skipwise/core'
import { keyError, numberAt, required, type JsonObject } from './json-keys.js'

/** The keys of one rope object of `config.json`, with those around it. */
export interface RopeKeys {
  readonly rope: JsonObject
  /** R. */
  readonly rotaryDim: number
  /** The share of a head that is rotated, in (0, 1]. */
  readonly partialRotaryFactor: number
  /** `max_position_embeddings`. */
  readonly maxLength: number
  /** `original_max_position_embeddings` as transformers finds it: at the top, of the model's type, or inside. */
  readonly givenOriginalLength: number | undefined
  /** `original_max_position_embeddings` of the file itself, at any place. */
  readonly writtenOriginalLength: number | undefined
  /** Lengths under other names (`max_sequence_length`, `model_max_length`). */
  readonly statedLengths: readonly number[]
}

/** What a scheme reads from {@link RopeKeys}: undefined keys of its configuration get its defaults. */
export interface RopeKeysReading {
  readonly config: Readonly<Record<string, unknown>>
  readonly originalLength: number
  readonly factor: number
  /** The file does not show whether `max_position_embeddings` is L_c or L_t. */
  readonly unclear?: true
}

/** How a scheme is read from `config.json`: the inverse of its `toHuggingFace`. */
export interface HuggingFaceRopeType {
  readonly plugin: AnyPlugin
  /** The values of `rope_type` (or `type`) for it. */
  readonly types: readonly string[]
  /** Whether R is the whole head, whatever `partial_rotary_factor` says. */
  readonly wholeHead?: boolean
  /** @throws SkipwiseError `ROPE_CONFIG_INVALID` */
  readonly read: (keys: RopeKeys) => RopeKeysReading
}

/**
 * Types that have no key for L_c. `max_position_embeddings` is L_t in most files, and L_c in others (Vicuna 16k,
 * LongChat: the old documentation of transformers asked for that). Where nothing else in the file decides, it is read
 * as L_t.
 */
export function fromExtendedWindow({
  rope,
  maxLength,
  writtenOriginalLength,
  statedLengths
}: RopeKeys): Omit<RopeKeysReading, 'config'> {
  const factor = required(numberAt(rope, 'factor', 1), 'factor')
  if (writtenOriginalLength !== undefined) return { originalLength: writtenOriginalLength, factor }
  if (statedLengths.some(length => near(length, maxLength * factor)) && factor > 1)
    return { originalLength: maxLength, factor }
  return { originalLength: maxLength / factor, factor, ...(factor > 1 ? { unclear: true } : {}) }
}

const near = (a: number, b: number) => Math.abs(a - b) <= 1e-6 * Math.max(a, b)

/**
 * Types with `original_max_position_embeddings`, else `max_position_embeddings`; a missing factor is the ratio of the
 * two.
 */
export function fromOriginalWindow({
  rope,
  maxLength,
  givenOriginalLength
}: RopeKeys): Omit<RopeKeysReading, 'config'> {
  const originalLength = givenOriginalLength ?? maxLength
  const factor = numberAt(rope, 'factor', 1) ?? maxLength / originalLength
  if (factor < 1) {
    throw keyError(
      `max_position_embeddings ${maxLength} is below original_max_position_embeddings ${originalLength}`,
      'correct one of them, or give factor'
    )
  }
  return { originalLength, factor }
}
