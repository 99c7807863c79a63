import { SkipwiseError } from '@skipwise/core'
import { basename, resolve } from 'node:path'

/** A model on the Hugging Face Hub. */
export interface HubReference {
  /** `owner/name`; legacy models such as `gpt2` have no owner. */
  readonly repo: string
  /** Branch, tag or commit. */
  readonly revision: string
}

const PREFIX = 'hub:'
const REPO = /^[A-Za-z0-9][\w.-]{0,95}(\/[A-Za-z0-9][\w.-]{0,95})?$/
const REVISION = /^[A-Za-z0-9][\w.-]*(\/[\w.-]+)*$/

/** Whether a recipe or a command names a model on the Hub and not a folder. */
export const isHubReference = (text: string): boolean => text.startsWith(PREFIX)

/**
 * Reads `hub:owner/name` or `hub:owner/name@revision`; without a revision it is `main`.
 *
 * @throws SkipwiseError `HUB_REFERENCE`
 */
export function parseHubReference(text: string): HubReference {
  const [repo, revision = 'main'] = text.slice(PREFIX.length).split(/@(.*)/s)
  // Both become parts of addresses and of paths in the cache.
  const safe = (name: string) =>
    !name.split('/').some(part => /^\.+$/.test(part) || part.includes('..') || part.includes('--'))
  if (REPO.test(repo) && safe(repo) && REVISION.test(revision) && safe(revision.replaceAll('--', '')))
    return { repo, revision }
  throw new SkipwiseError('HUB_REFERENCE', {
    problem: `'${text}' does not name a model on the Hugging Face Hub`,
    fix: 'write hub:owner/name, or hub:owner/name@revision'
  })
}

/**
 * The usual name of the model in a folder: the name of the folder, or of the repository where the folder is a snapshot
 * in the cache.
 */
export function modelName(folder: string): string {
  const path = resolve(folder)
  return /models--(?:.+--)?(.+)[/\\]snapshots[/\\][0-9a-f]{40}$/.exec(path)?.[1] ?? basename(path)
}
