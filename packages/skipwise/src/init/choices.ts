import type { ParameterSpec } from '@skipwise/nn'
import type { WeightType } from '@skipwise/experiment'
import { usageError } from '../errors.js'
import type { SeenModel } from './look-at-model.js'
import { shareOf, type SeenTexts } from './look-at-texts.js'

/** Tokens of an example that are enough for PoSE, whatever the window of the model. */
const ENOUGH = 2048
/** Documents shorter than this are packed, several into one example. */
const SHORTEST = 128
/** Examples of a step. */
export const BATCH = 16
/** Steps that are suggested: in the paper perplexity is low within the first 100 (figure 3). */
export const STEPS = 100
/** Tokens that are computed at once, about. */
const AT_ONCE = 4096

/** What is trained, and how what is not lies in memory: from what learns most to what takes least. */
export type Method = 'everything' | Exclude<WeightType, 'float32'>

/** All methods, in the order in which they are tried. */
export const methods: readonly Method[] = ['everything', 'bf16', 'int8', 'int4']

/** L_c: the window of the model, or what is enough, or what half of the documents have. */
export function exampleLength(model: SeenModel, texts: SeenTexts | undefined): number {
  const most = Math.min(ENOUGH, model.model.geometry.maxPositionEmbeddings)
  if (texts === undefined) return most
  let length = most
  while (length > SHORTEST && shareOf(texts, length) < 0.5) length = Math.floor(length / 2)
  return length
}

/** Whether documents are joined: too few of them fill an example. */
export const isPacked = (texts: SeenTexts | undefined, length: number): boolean =>
  texts !== undefined && shareOf(texts, length) < 0.5

/** T: the length to serve that is suggested: four times the window, twice one that is long. */
export const suggestedLength = ({ model }: SeenModel): number =>
  model.geometry.maxPositionEmbeddings * (model.geometry.maxPositionEmbeddings >= 32768 ? 2 : 4)

/** L_t: the length to serve and L_c, since distances near the end of a target are seen too rarely. */
export const targetOf = (serve: number, original: number): number => serve + original

/** @throws SkipwiseError `CLI_USAGE` for a length that the model has already */
export function checkLength(serve: number, { model, rope }: SeenModel): number {
  const window = Math.max(model.geometry.maxPositionEmbeddings, rope.geometry.originalLength)
  if (serve > window) return serve
  throw usageError('CLI_USAGE', `the model has a window of ${window} tokens already`, 'give a longer one')
}

/** Examples computed at once: as many as have some thousand tokens. */
export const microBatchOf = (length: number): number => {
  let size = BATCH
  while (size > 1 && size * length > AT_ONCE) size /= 2
  return size
}

/** The interpolation: YaRN, or the scheme that the model is scaled with already; none without RoPE. */
export function schemeOf({ model, rope }: SeenModel): string | undefined {
  if (model.geometry.rotaryDim === 0) return undefined
  return rope.name === 'none' ? 'yarn' : rope.name
}

/** Peak learning rate: that of the paper for everything, higher for small models and for adapters. */
export function learningRateOf(method: Method, parameters: number): string {
  if (method !== 'everything') return '2e-4'
  if (parameters < 20e6) return '1e-3'
  return parameters < 500e6 ? '1e-4' : '2e-5'
}

/** Last parts of the names of modules with one vector, the norms, which are trained next to adapters (LongLoRA). */
export function normsOf(parameters: readonly ParameterSpec[]): string[] {
  const names = parameters
    .filter(({ name, shape }) => shape.length === 1 && name.endsWith('.weight'))
    .map(({ name }) => name.split('.').at(-2) ?? name)
  return [...new Set(names)]
}

/** Windows for perplexity: those of L_c and T that some documents fill, else the longest that some fill. */
export function windowsFor(texts: SeenTexts, original: number, serve: number): number[] {
  const longest = Math.max(...texts.lengths)
  const fitting = [original, serve].filter(length => length <= longest)
  if (fitting.length > 0) return fitting
  const shorter = 2 ** Math.floor(Math.log2(longest))
  return shorter >= 16 ? [shorter] : []
}
