import type { AnyPlugin } from '@skipwise/core'
import { keyError, numberAt, required, type JsonObject } from './json-keys.js'

/** The keys of one rope object of `config.json`, with what lies around it. */
export interface RopeKeys {
  readonly rope: JsonObject
  /** R. */
  readonly rotaryDim: number
  /** The share of a head that is rotated, in (0, 1]. */
  readonly partialRotaryFactor: number
  /** `max_position_embeddings`. */
  readonly maxLength: number
  /** `original_max_position_embeddings`, where the file has it. */
  readonly givenOriginalLength: number | undefined
}

/** What {@link RopeKeys} mean to a scheme: keys of its configuration that are undefined get its defaults. */
export interface RopeKeysReading {
  readonly config: Readonly<Record<string, unknown>>
  readonly originalLength: number
  readonly factor: number
}

/** How a scheme is read from `config.json`: the other direction of its `toHuggingFace`. */
export interface HuggingFaceRopeType {
  readonly plugin: AnyPlugin
  /** The values of `rope_type` (or `type`) that name it. */
  readonly types: readonly string[]
  /** Whether R is the whole head, whatever `partial_rotary_factor` says. */
  readonly wholeHead?: boolean
  /** @throws SkipwiseError `ROPE_CONFIG_INVALID` */
  readonly read: (keys: RopeKeys) => RopeKeysReading
}

/** Types whose `max_position_embeddings` is L_t and which have no key for L_c: it is divided out. */
export function fromExtendedWindow({ rope, maxLength }: RopeKeys): Omit<RopeKeysReading, 'config'> {
  const factor = required(numberAt(rope, 'factor', 1), 'factor')
  return { originalLength: maxLength / factor, factor }
}

/** Types with `original_max_position_embeddings`, else `max_position_embeddings`; a missing factor is the ratio of the two. */
export function fromOriginalWindow({ rope, maxLength, givenOriginalLength }: RopeKeys): Omit<RopeKeysReading, 'config'> {
  const originalLength = givenOriginalLength ?? maxLength, factor = numberAt(rope, 'factor', 1) ?? maxLength / originalLength
  if (factor < 1) {
    throw keyError(`max_position_embeddings ${maxLength} is below original_max_position_embeddings ${originalLength}`, 'correct one of them, or give factor')
  }
  return { originalLength, factor }
}
