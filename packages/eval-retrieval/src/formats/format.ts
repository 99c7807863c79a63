import type { Tokenizer } from '@skipwise/core'

/** Draws in the order in which a script makes them: whole numbers, both ends included. */
export type Draw = (low: number, high: number) => number

/** How a published script asks for a pass key: its prompt byte for byte, its length rule and its check of answers. */
export interface PasskeyFormat {
  readonly name: string
  /** Trials of a length that the script makes. */
  readonly trials: number
  /** The script's own generator for a trial, where it seeds one; otherwise the streams of this project draw. */
  readonly draw?: (length: number, trial: number) => Draw
  /** Size of the noise for a length as the script takes it: tokens, or characters for `landmark`. */
  noiseSize(length: number, tokenizer: Tokenizer): number
  /** The prompt and its key; `before` is the share of the noise before the key. */
  prompt(size: number, draw: Draw): { readonly prompt: string; readonly key: string; readonly before: number }
  /** Most tokens generated: a number, or as many as the key has. */
  readonly maxNewTokens: number | 'key'
  /** The first whole number in the text, or the ids of the key. */
  readonly check: 'integer' | 'ids'
}
