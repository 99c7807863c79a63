import { SkipwiseError } from '@skipwise/core'
import { access } from 'node:fs/promises'
import { resolve } from 'node:path'
import { downloadModel, type DownloadOptions } from './download-model.js'
import { isHubReference, parseHubReference } from './reference.js'

/** How a model that is named is found. */
export interface LocateOptions extends DownloadOptions {
  /** Folder that a path is relative to; without it a path is returned as it is. */
  readonly baseFolder?: string | undefined
}

/**
 * The folder of a model that a recipe or a command names: a folder, or `hub:owner/name@revision`, which is downloaded
 * where it is not in the cache.
 *
 * @returns its path. Whether the folder exists is checked only where its name has the form owner/name, as on the Hub
 * @throws SkipwiseError `HUB_REFERENCE`, `MODEL_NOT_FOUND`, and what downloading throws
 */
export async function locateModel(name: string, { baseFolder, ...options }: LocateOptions = {}): Promise<string> {
  if (isHubReference(name)) return downloadModel(parseHubReference(name), options)
  const path = baseFolder === undefined ? name : resolve(baseFolder, name)
  if (
    /^[A-Za-z0-9][\w.-]*\/[\w.-]+$/.test(name) &&
    !(await access(path).then(
      () => true,
      () => false
    ))
  ) {
    throw new SkipwiseError('MODEL_NOT_FOUND', {
      problem: `there is no folder ${path}`,
      fix: `write hub:${name} for a model of the Hugging Face Hub, or pass a folder`
    })
  }
  return path
}
