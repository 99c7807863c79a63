import { SkipwiseError } from '@skipwise/core'
import { access, readdir } from 'node:fs/promises'
import { join } from 'node:path'

/** A model that a run has saved. */
export interface KeptCheckpoint {
  /** `checkpoint-100`, or the name of the run's own folder for the model at its end. */
  readonly name: string
  readonly folder: string
}

/** Folders that training programs write: `checkpoint-100` (transformers), `step-100`, `global_step100`. */
const CHECKPOINT = /^(?:checkpoint|step|global_step)[-_]?(\d+)$/

/**
 * The models in the folder of a run, by increasing step: its subfolders `checkpoint-N` or `step-N`, also those in
 * `checkpoints/`, and last the folder itself where it is a model.
 *
 * @throws SkipwiseError `EVAL_NO_CHECKPOINTS`
 */
export async function findCheckpoints(run: string): Promise<KeptCheckpoint[]> {
  const found: (KeptCheckpoint & { readonly step: number })[] = []
  for (const parent of [run, join(run, 'checkpoints')]) {
    for (const name of await readdir(parent).catch(() => [])) {
      const step = CHECKPOINT.exec(name)?.[1]
      const folder = join(parent, name)
      if (step !== undefined && (await isModel(folder))) found.push({ name, folder, step: Number(step) })
    }
  }
  const checkpoints: KeptCheckpoint[] = found
    .sort((a, b) => a.step - b.step)
    .map(({ name, folder }) => ({ name, folder }))
  if (await isModel(run)) checkpoints.push({ name: 'final', folder: run })
  if (checkpoints.length > 0) return checkpoints
  throw new SkipwiseError('EVAL_NO_CHECKPOINTS', {
    problem: `${run} contains no model, and no folder checkpoint-N or step-N with one`,
    fix: 'pass the output folder of a run that keeps its checkpoints'
  })
}

const isModel = (folder: string): Promise<boolean> =>
  access(join(folder, 'config.json')).then(
    () => true,
    () => false
  )
