import { digestOfFile, readFolderFile, writeFileAtomic } from '@skipwise/checkpoints'
import { isSkipwiseError, SkipwiseError, type ProgressListener } from '@skipwise/core'
import { readdir, stat } from 'node:fs/promises'
import { join, sep } from 'node:path'

/** The list of digests in an output folder, in the form of `sha256sum`: `sha256sum -c SHA256SUMS` checks it too. */
export const DIGEST_LIST = 'SHA256SUMS'

const LINE = /^([0-9a-f]{64}) {2}([^\n\\\0]+)$/

/** What {@link checkDigestList} found in a folder. */
export interface DigestCheck {
  readonly folder: string
  /** Files that are as they were written. */
  readonly files: number
  /** Files of the list that are another now, and those that are gone. */
  readonly changed: readonly string[]
  readonly missing: readonly string[]
}

/**
 * Writes the digests of all files of a folder into {@link DIGEST_LIST}, by name. Files that the list has already keep
 * their digest.
 *
 * @param known digests that were computed while the files were written, by path within the folder
 * @throws SkipwiseError what reading and writing throw
 */
export async function writeDigestList(folder: string, known: ReadonlyMap<string, string> = new Map()): Promise<void> {
  const listed = (await readDigestList(folder)) ?? new Map<string, string>()
  const lines: string[] = []
  for (const name of await filesOf(folder)) {
    const digest = known.get(name) ?? listed.get(name) ?? (await digestOfFile(join(folder, name)))
    lines.push(`${digest}  ${name}\n`)
  }
  await writeFileAtomic(join(folder, DIGEST_LIST), lines.join(''))
}

/**
 * Compares the files of a folder with its {@link DIGEST_LIST}. Files that are not in the list are not looked at.
 *
 * @throws SkipwiseError `OUTPUT_DAMAGED` when the list itself is missing or damaged
 */
export async function checkDigestList(folder: string, progress?: ProgressListener): Promise<DigestCheck> {
  const listed = await readDigestList(folder)
  if (listed === undefined) {
    throw new SkipwiseError('OUTPUT_DAMAGED', {
      problem: `${folder} has no ${DIGEST_LIST}`,
      fix: 'pass a folder that skipwise extend or train wrote, and check that the copy is complete'
    })
  }
  const sizes = await Promise.all(
    [...listed.keys()].map(name =>
      stat(join(folder, name)).then(
        ({ size }) => size,
        () => 0
      )
    )
  )
  const total = sizes.reduce((sum, size) => sum + size, 0)
  let done = 0
  const onBytes = (bytes: number) => progress?.({ task: 'check', done: (done += bytes), total, unit: 'bytes' })
  const changed: string[] = []
  const missing: string[] = []
  for (const [name, digest] of listed) {
    const found = await digestOfFile(join(folder, name), onBytes).catch((error: unknown) => {
      if (isSkipwiseError(error)) return undefined
      throw error
    })
    if (found === undefined) missing.push(name)
    else if (found !== digest) changed.push(name)
  }
  return { folder, files: listed.size - changed.length - missing.length, changed, missing }
}

/**
 * {@link checkDigestList} of a folder that is to be taken as it is.
 *
 * @param fix what to do when it is not
 * @throws SkipwiseError `OUTPUT_DAMAGED`
 */
export async function demandUnchanged(folder: string, fix: string, progress?: ProgressListener): Promise<void> {
  const { changed, missing } = await checkDigestList(folder, progress)
  if (!changed.length && !missing.length) return
  throw new SkipwiseError('OUTPUT_DAMAGED', { problem: describeChanges(folder, changed, missing), fix })
}

/** What is wrong with a folder, in words. */
export const describeChanges = (folder: string, changed: readonly string[], missing: readonly string[]): string =>
  [
    ...changed.map(name => `${join(folder, name)} has changed since it was written`),
    ...missing.map(name => `${join(folder, name)} is gone`)
  ].join('; ')

/** The digests of a list, by path; undefined when there is no list. @throws SkipwiseError `OUTPUT_DAMAGED` */
async function readDigestList(folder: string): Promise<Map<string, string> | undefined> {
  const bytes = await readFolderFile(folder, DIGEST_LIST)
  if (bytes === undefined) return undefined
  const text = new TextDecoder().decode(bytes)
  const listed = new Map<string, string>()
  for (const line of text.split('\n').slice(0, -1)) {
    const [, digest, name] = LINE.exec(line) ?? []
    if (name === undefined || !isInside(name) || listed.has(name)) throw damagedList(folder)
    listed.set(name, digest)
  }
  if (listed.size === 0 || !text.endsWith('\n')) throw damagedList(folder)
  return listed
}

const damagedList = (folder: string) =>
  new SkipwiseError('OUTPUT_DAMAGED', {
    problem: `${join(folder, DIGEST_LIST)} is not a list of digests`,
    fix: 'copy the folder again, or remove it and run the recipe again'
  })

/** A list may come from a stranger: its names are of files within the folder. */
const isInside = (name: string): boolean =>
  !name.startsWith('/') && name.split('/').every(part => part !== '' && part !== '.' && part !== '..')

/** Paths of the files of a folder but the list itself, sorted, with `/` between folders. */
async function filesOf(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true })
  return entries
    .filter(entry => entry.isFile())
    .map(entry => join(entry.parentPath, entry.name).slice(join(folder, sep).length).split(sep).join('/'))
    .filter(name => name !== DIGEST_LIST)
    .sort()
}
