import { removeOwnFile, writeSafetensors } from '@skipwise/checkpoints'
import type { ParameterSpec } from '@skipwise/nn'
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { damagedState, missing, readKept } from './kept-tensors.js'

/** Validation during training: an early checkpoint can be better than the last, at long contexts above all. */
export interface Validation {
  /** Steps between validations; the last step is always one. */
  readonly every: number
  readonly better: 'lower' | 'higher'
  /** Which weights the run gives: those of the best score, or the last. */
  readonly keep: 'best' | 'last'
  /** The score of weights by name, row-major, after `step` steps: pure, so that a resumed run finds the same. */
  score(weights: ReadonlyMap<string, Float32Array>, step: number): Promise<number>
}

/** The score of a validation. */
export interface ValidationScore {
  /** Steps done. */
  readonly step: number
  readonly score: number
}

/** The first of the best scores, undefined when there is none; NaN is never the best. */
export function bestOf(
  scores: readonly ValidationScore[],
  { better }: Pick<Validation, 'better'>
): ValidationScore | undefined {
  const sign = better === 'lower' ? 1 : -1
  return scores.reduce<ValidationScore | undefined>(
    (best, one) => (Number.isNaN(one.score) || (best && sign * one.score >= sign * best.score) ? best : one),
    undefined
  )
}

const FILE = 'best.safetensors'

/** Keeps the trained tensors of the best validation, atomically. */
export async function saveBest(
  folder: string,
  runKey: string,
  step: number,
  trained: readonly ParameterSpec[],
  tensors: ReadonlyMap<string, Float32Array>
): Promise<void> {
  await mkdir(folder, { recursive: true })
  const stored = trained.map(({ name, shape }) => ({ name, shape, data: tensors.get(name) as Float32Array }))
  await writeSafetensors(join(folder, FILE), stored, { metadata: { runKey, step: String(step) }, sealed: true })
}

/**
 * The tensors kept after `step` steps of this run.
 *
 * @throws SkipwiseError `TRAINING_STATE` when they are not there, of another run or step, or damaged
 */
export async function loadBest(
  folder: string,
  runKey: string,
  step: number,
  trained: readonly ParameterSpec[]
): Promise<Map<string, Float32Array>> {
  const file = join(folder, FILE)
  const { metadata, tensors } = await readKept(file)
  if (metadata.runKey !== runKey || metadata.step !== String(step)) {
    throw damagedState(
      file,
      `it holds the weights of step ${metadata.step}${metadata.runKey === runKey ? '' : ' of another run'}, not of step ${step}`
    )
  }
  return new Map(trained.map(({ name }) => [name, tensors.get(name)?.data ?? missing(file, name)]))
}

/**
 * Looks at the tensors that a run which goes on from a state will need in the end: they are of its best validation, or
 * of a later one that it will come to again.
 *
 * @throws SkipwiseError `TRAINING_STATE`
 */
export async function checkBest(folder: string, runKey: string, step: number): Promise<void> {
  const file = join(folder, FILE)
  const { metadata } = await readKept(file)
  if (metadata.runKey === runKey && Number(metadata.step) >= step) return
  throw damagedState(file, `it does not hold the weights of step ${step} of this run`)
}

/** Removes what {@link saveBest} kept. */
export const removeBest = (folder: string): Promise<void> => removeOwnFile(join(folder, FILE))
