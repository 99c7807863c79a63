import { resolve } from 'node:path'
import { downloadModel, type DownloadOptions } from './download-model.js'
import { isHubReference, parseHubReference } from './reference.js'

/** How a model that is named is found. */
export interface LocateOptions extends DownloadOptions {
  /** What a folder is relative to; without it a folder is returned as it is named. */
  readonly baseFolder?: string
}

/**
 * The folder of a model that a recipe or a command names: a folder, or `hub:owner/name@revision`, which is downloaded where it is not in the
 * cache.
 *
 * @returns its path; whether a folder is there is not looked at
 * @throws SkipwiseError `HUB_REFERENCE`, and what downloading throws
 */
export async function locateModel(name: string, { baseFolder, ...options }: LocateOptions = {}): Promise<string> {
  return isHubReference(name) ? downloadModel(parseHubReference(name), options) : baseFolder === undefined ? name : resolve(baseFolder, name)
}
