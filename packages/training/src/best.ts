import { openSafetensors, removeOwnFile, writeSafetensors } from '@skipwise/checkpoints'
import type { ParameterSpec } from '@skipwise/nn'
import { access, mkdir } from 'node:fs/promises'
import { join } from 'node:path'

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

/** The first of the best scores, undefined when there is none; one that is no number is never the best. */
export function bestOf(scores: readonly ValidationScore[], { better }: Pick<Validation, 'better'>): ValidationScore | undefined {
  const sign = better === 'lower' ? 1 : -1
  return scores.reduce<ValidationScore | undefined>((best, one) => (Number.isNaN(one.score) || (best && sign * one.score >= sign * best.score) ? best : one), undefined)
}

const FILE = 'best.safetensors'

/** Keeps the trained tensors of the best validation, atomically. */
export async function saveBest(folder: string, runKey: string, step: number, trained: readonly ParameterSpec[], tensors: ReadonlyMap<string, Float32Array>): Promise<void> {
  await mkdir(folder, { recursive: true })
  await writeSafetensors(join(folder, FILE), trained.map(({ name, shape }) => ({ name, shape, data: tensors.get(name) as Float32Array })), { metadata: { runKey, step: String(step) } })
}

/** The tensors kept after `step` steps of this run, undefined when they are not there. @throws SkipwiseError the `CHECKPOINT_` codes of a damaged file */
export async function loadBest(folder: string, runKey: string, step: number, trained: readonly ParameterSpec[]): Promise<Map<string, Float32Array> | undefined> {
  const file = join(folder, FILE)
  if (!(await access(file).then(() => true, () => false))) return undefined
  const source = await openSafetensors(file), tensors = new Map<string, Float32Array>()
  try {
    if (source.metadata.runKey !== runKey || source.metadata.step !== String(step)) return undefined
    for (const { name } of trained) tensors.set(name, await source.read(name))
    return tensors
  } finally {
    await source.close()
  }
}

/** Removes what {@link saveBest} kept. */
export const removeBest = (folder: string): Promise<void> => removeOwnFile(join(folder, FILE))
