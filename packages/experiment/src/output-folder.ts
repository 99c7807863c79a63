import { writeCheckpoint, writeFileAtomic, writeModelConfig } from '@skipwise/checkpoints'
import { writePeftAdapter, type TrainResult } from '@skipwise/training'
import { mkdir, readdir, readFile, rename, rm, rmdir } from 'node:fs/promises'
import { join } from 'node:path'
import { SkipwiseError } from '@skipwise/core'
import { COMPANION_FILES } from './hub/needed-files.js'
import { isHubReference, parseHubReference } from './hub/reference.js'
import type { Experiment } from './resolve.js'

/** Writes configuration, weights and tokenizer of a Hugging Face model into `folder`, which is made anew, and adapters into `folder/adapter`. */
export async function writeModelFolder(folder: string, { source, config, dtype, kind, window, recipe, options }: Experiment, { weights, adapters }: Pick<TrainResult, 'weights' | 'adapters'>): Promise<void> {
  await rm(folder, { recursive: true, force: true })
  await writeCheckpoint(folder, source.model.parameters.map(({ name, shape }) => ({ name, shape, data: weights.get(name) as Float32Array })), { dtype })
  await writeModelConfig(folder, config)
  if (options.lora && adapters) {
    const baseModel = typeof recipe.model !== 'string' ? null : isHubReference(recipe.model) ? parseHubReference(recipe.model).repo : recipe.model
    await writePeftAdapter(join(folder, 'adapter'), { parameters: source.model.parameters, lora: options.lora, tensors: adapters, baseModel })
  }
  const folders = new Set([source.tokenizerFolder, ...(source.folder === undefined ? [] : [source.folder])])
  for (const from of folders) {
    for (const name of (await readdir(from)).filter(name => COMPANION_FILES.test(name))) {
      const bytes = await readFile(join(from, name))
      await writeFileAtomic(join(folder, name), kind === 'extend' && name === 'tokenizer_config.json' ? withWindow(bytes, window.target) : bytes)
    }
  }
}

/** `model_max_length` follows the window: transformers warns, and some callers cut, beyond it. */
function withWindow(bytes: Uint8Array, target: number): string | Uint8Array {
  const json = JSON.parse(new TextDecoder().decode(bytes)) as Record<string, unknown>
  if (typeof json['model_max_length'] !== 'number' || json['model_max_length'] >= target) return bytes
  return `${JSON.stringify({ ...json, model_max_length: target }, null, 2)}\n`
}

/** @throws SkipwiseError `DISK_FULL`, `OUTPUT_WRITE_FAILED` */
export async function makeFolder(folder: string): Promise<void> {
  try {
    await mkdir(folder, { recursive: true })
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException
    throw new SkipwiseError(code === 'ENOSPC' ? 'DISK_FULL' : 'OUTPUT_WRITE_FAILED', { problem: `the folder ${folder} cannot be made (${code})`, fix: 'name an output that can be written', cause })
  }
}

/** Puts a finished folder in its place in one step. @throws SkipwiseError `OUTPUT_WRITE_FAILED` */
export async function publish(folder: string, output: string): Promise<void> {
  try {
    // an empty folder may stand there; one that is not empty is refused
    await rmdir(output).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'ENOENT') throw error
    })
    await rename(folder, output)
  } catch (cause) {
    throw new SkipwiseError('OUTPUT_WRITE_FAILED', {
      problem: `${output} cannot be put in place (${(cause as NodeJS.ErrnoException).code})`,
      fix: `the finished model lies in ${folder}: remove what stands in its place and run the same command again`,
      cause
    })
  }
}
