import { readFolderJson, readNamedFile, removeOwnFile, writeFileAtomic } from '@skipwise/checkpoints'
import { copyFile, mkdir, readdir, stat, symlink } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { z } from 'zod'
import { isCommit } from './hub-requests.js'
import { neededFiles, type HubPart } from './needed-files.js'

export const exists = (file: string) =>
  stat(file).then(
    () => true,
    () => false
  )

/** The snapshot of a revision in the cache, if it has all files that are needed. */
export async function cachedSnapshot(home: string, revision: string, part: HubPart): Promise<string | undefined> {
  const kept = async () => {
    const bytes = await readNamedFile(join(home, 'refs', revision), 'settings').catch(() => undefined)
    return new TextDecoder().decode(bytes).trim()
  }
  const commit = isCommit(revision) ? revision : await kept()
  if (!isCommit(commit)) return undefined
  const snapshot = join(home, 'snapshots', commit)
  const names: string[] = []
  for (const name of await readdir(snapshot).catch(() => [])) if (await exists(join(snapshot, name))) names.push(name)
  const needed = await neededFiles(names, part, name => shardsOf(join(snapshot, name)))
  const whole =
    needed.every(name => names.includes(name)) &&
    (part === 'tokenizer' ? needed.length > 0 : names.includes('config.json'))
  return whole && (part !== 'model' || needed.some(isWeights)) ? snapshot : undefined
}

/** Whether a file holds weights, by its name. */
export const isWeights = (name: string) => /\.(safetensors|bin)$/.test(name)

/** The files that a shard index names; none where the index is damaged: opening the folder reports that. */
export async function shardsOf(file: string): Promise<readonly string[]> {
  try {
    const { weight_map } = z
      .looseObject({ weight_map: z.record(z.string(), z.string()) })
      .parse(await readFolderJson(dirname(file), basename(file), 'CHECKPOINT_HEADER_INVALID'))
    return Object.values(weight_map)
  } catch {
    return []
  }
}

/** Stores the commit that a branch or tag points to. */
export async function keepRef(file: string, commit: string): Promise<void> {
  await mkdir(dirname(file), { recursive: true })
  await writeFileAtomic(file, commit)
}

/** Makes a relative link, as Hugging Face's libraries do, or a copy where links are not permitted. */
export async function link(blob: string, pointer: string): Promise<void> {
  await mkdir(dirname(pointer), { recursive: true })
  // There may be a link whose blob was removed.
  await removeOwnFile(pointer)
  await symlink(join('..', '..', 'blobs', basename(blob)), pointer).catch(() => copyFile(blob, pointer))
}
