import { writePeftAdapter, type TrainResult } from '@skipwise/training'
import { removeEmptyFolder } from '@skipwise/checkpoints'
import { isHubReference, parseHubReference } from '@skipwise/hub'
import { mkdir, rename } from 'node:fs/promises'
import { join } from 'node:path'
import { SkipwiseError, type ProgressListener } from '@skipwise/core'
import { writeDigestList } from './digest-list.js'
import type { Experiment } from './resolve/resolve.js'
import { bytesOfSize, saveModel } from './save-model.js'

/**
 * Writes configuration, weights and tokenizer of a Hugging Face model into `folder`, which is created again, adapters
 * into `folder/adapter`, and the digests of all that into `folder/SHA256SUMS`.
 */
export async function writeModelFolder(
  folder: string,
  { source, config, dtype, kind, window, recipe, options }: Experiment,
  { weights, adapters }: Pick<TrainResult, 'weights' | 'adapters'>,
  progress?: ProgressListener
): Promise<void> {
  const digests = await saveModel(folder, {
    parameters: source.model.parameters,
    weights,
    config,
    dtype,
    configText: source.configText,
    companions: [source.tokenizerFolder, ...(source.folder === undefined ? [] : [source.folder])],
    tokenizer: source.tokenizer,
    progress,
    maxShardBytes: recipe.maxShardSize === undefined ? undefined : bytesOfSize(recipe.maxShardSize),
    window: kind === 'extend' ? window.target : undefined
  })
  if (options.lora && adapters) {
    const baseModel =
      typeof recipe.model !== 'string'
        ? null
        : isHubReference(recipe.model)
          ? parseHubReference(recipe.model).repo
          : recipe.model
    await writePeftAdapter(join(folder, 'adapter'), {
      parameters: source.model.parameters,
      tied: source.model.tied,
      lora: options.lora,
      tensors: adapters,
      baseModel
    })
  }
  await writeDigestList(folder, digests)
}

/** @throws SkipwiseError `DISK_FULL`, `OUTPUT_WRITE_FAILED` */
export async function makeFolder(folder: string): Promise<void> {
  try {
    await mkdir(folder, { recursive: true })
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException
    throw new SkipwiseError(code === 'ENOSPC' ? 'DISK_FULL' : 'OUTPUT_WRITE_FAILED', {
      problem: `the folder ${folder} cannot be created (${code})`,
      fix: 'choose an output that can be written',
      cause
    })
  }
}

/** Puts a finished folder in its place in one step. @throws SkipwiseError `OUTPUT_WRITE_FAILED` */
export async function publish(folder: string, output: string): Promise<void> {
  try {
    // an empty folder may be there; one that is not empty is refused
    await removeEmptyFolder(output)
    await rename(folder, output)
  } catch (cause) {
    throw new SkipwiseError('OUTPUT_WRITE_FAILED', {
      problem: `${output} cannot be put in place (${(cause as NodeJS.ErrnoException).code})`,
      fix: `the finished model is in ${folder}: remove what is in its place and run the same command again`,
      cause
    })
  }
}
