import { checkPlace, readNamedFile, writeFileAtomic, writeJsonAtomic } from '@skipwise/checkpoints'
import { lstat, mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import { usageError } from './errors.js'

/** A file to write. */
export interface OutputFile {
  /** A plain name. */
  readonly name: string
  readonly text: string
}

/** Says which files of a folder a report has written: these may be replaced. */
const LIST = 'skipwise-report.json'
const listSchema = z.looseObject({ madeBy: z.literal('skipwise'), files: z.array(z.string()) })

/**
 * Writes files into a folder. Those that an earlier call has written are replaced; a file of the same name that
 * somebody else made stays, and nothing is written.
 *
 * @throws SkipwiseError `CLI_OUTPUT_EXISTS`, and what writing throws
 */
export async function writeOwnFiles(folder: string, files: readonly OutputFile[]): Promise<void> {
  await checkPlace(join(folder, LIST))
  const own = await listedFiles(folder)
  for (const name of [LIST, ...files.map(file => file.name)]) {
    const isThere = await exists(join(folder, name))
    if (isThere && !own.has(name)) {
      throw usageError(
        'CLI_OUTPUT_EXISTS',
        `${join(folder, name)} exists and is not part of an earlier report`,
        'choose another folder'
      )
    }
  }
  await mkdir(folder, { recursive: true })
  // The list comes first: a file that is not listed could not be replaced by the next report.
  const names = [...new Set([...own, ...files.map(file => file.name)])].filter(name => name !== LIST).sort()
  await writeJsonAtomic(join(folder, LIST), { madeBy: 'skipwise', files: names })
  for (const { name, text } of files) await writeFileAtomic(join(folder, name), text)
}

/**
 * Looks whether a drawing can be written, before any work: another drawing may be there, and no other file.
 *
 * @throws SkipwiseError `CLI_OUTPUT_EXISTS`, `OUTPUT_WRITE_FAILED`, `FILE_REFUSED`
 */
export async function checkDrawing(file: string): Promise<void> {
  await checkPlace(file)
  const bytes = await readNamedFile(file, 'result')
  const isDrawing = bytes === undefined || new TextDecoder().decode(bytes.subarray(0, 1000)).includes('<svg')
  if (!isDrawing) throw usageError('CLI_OUTPUT_EXISTS', `${file} exists and is not a drawing`, 'choose another file')
}

/** What the list of a folder names, itself included; nothing where there is no list of ours. */
async function listedFiles(folder: string): Promise<ReadonlySet<string>> {
  const bytes = await readNamedFile(join(folder, LIST), 'settings').catch(() => undefined)
  try {
    const list = listSchema.parse(JSON.parse(new TextDecoder().decode(bytes)))
    return new Set([LIST, ...list.files])
  } catch {
    return new Set()
  }
}

const exists = (path: string) =>
  lstat(path).then(
    () => true,
    () => false
  )
