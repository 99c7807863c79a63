import type { RopeFrequencies, RopeGeometry } from '@skipwise/core'
import type { Stack } from '../convert/conversion.js'
import type { HuggingFaceRopeReading } from '../read-hugging-face.js'
import type { TextModel } from '../text-model.js'
import type { NumberSpelling } from './number-spellings.js'

/** What is known about a model besides its `config.json`. */
export interface DoctorFacts {
  /** The interpolation plugin that the weights were trained with, for instance from `skipwise.json`. */
  readonly trainedWith?: string | undefined
  /** L_c that the weights were trained from, likewise. */
  readonly trainedWindow?: number | undefined
  /** Name of the model's folder or repository. */
  readonly modelName?: string | undefined
  /** The text of `config.json`: whether a factor is written `8` or `8.0` is lost in parsing. */
  readonly text?: string | undefined
}

/** One RoPE of a file, as the rules see it. */
export interface RopeCase {
  /** The whole file. */
  readonly file: Readonly<Record<string, unknown>>
  /** The text model of the file. */
  readonly model: TextModel
  /** Its keys: the file itself, or a part of it. */
  readonly config: Readonly<Record<string, unknown>>
  /** The rope object itself, `{}` where there is none. */
  readonly rope: Readonly<Record<string, unknown>>
  readonly layerType: string | undefined
  /** `rope_type` as the file has it. */
  readonly type: string
  readonly reading: HuggingFaceRopeReading
  readonly geometry: RopeGeometry
  /** s. */
  readonly factor: number
  /** At L_t. */
  readonly frequencies: RopeFrequencies
  /** `max_position_embeddings`. */
  readonly window: number
  /** `original_max_position_embeddings` that counts, where the file has it. */
  readonly original: number | undefined
  readonly facts: DoctorFacts
  /** Those of {@link RopeCase.config}, by their paths in it. */
  readonly spellings: readonly NumberSpelling[]
}

/** What a rule finds. */
export interface RuleResult {
  /** `wrong` if undefined. */
  readonly level?: 'wrong' | 'note'
  /** What the file has. */
  readonly problem: string
  /** What the effect is, and why nobody notices it. */
  readonly why: string
  /** What to do. */
  readonly fix: string
}

/** A trap: a pure function of one RoPE. */
export interface Rule {
  /** Stable name. */
  readonly id: string
  /** The stacks affected; if undefined, all. */
  readonly stacks?: readonly Stack[]
  readonly check: (rope: RopeCase) => RuleResult | undefined
}
