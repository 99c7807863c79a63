import { checkPlace } from '@skipwise/checkpoints'
import { SkipwiseError } from '@skipwise/core'
import { RESULT_FILE } from '@skipwise/evaluation'
import { lstat, readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'

/** An output folder may be missing, empty, or the result of this very run; before its key is known, of any run. */
export async function checkOutput(output: string, resultKey?: string): Promise<void> {
  if (
    await lstat(output).then(
      found => found.isSymbolicLink(),
      () => false
    )
  ) {
    throw new SkipwiseError('OUTPUT_EXISTS', {
      problem: `${output} is a link, and a finished folder cannot replace a link`,
      fix: 'use the folder itself, or another output'
    })
  }
  await checkPlace(output)
  const files = await readdir(output).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return []
    throw new SkipwiseError('OUTPUT_EXISTS', {
      problem: `${output} is not a folder (${error.code})`,
      fix: 'choose another output'
    })
  })
  const stored = files.length ? await storedKey(output) : undefined
  if (!files.length || (stored !== undefined && (resultKey === undefined || stored === resultKey))) return
  throw new SkipwiseError('OUTPUT_EXISTS', {
    problem: `${output} exists and is not the result of this recipe with these files`,
    fix: 'choose another output, or remove the folder'
  })
}

/** Key of the run that made a folder, undefined when it was none. */
export async function storedKey(folder: string): Promise<string | undefined> {
  try {
    return (JSON.parse(await readFile(join(folder, RESULT_FILE), 'utf8')) as { resultKey?: string }).resultKey
  } catch {
    return undefined
  }
}
