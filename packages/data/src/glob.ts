import { SkipwiseError } from '@skipwise/core'
import { statSync } from 'node:fs'
import { readdir, stat } from 'node:fs/promises'
import { isAbsolute, join, parse } from 'node:path'
import { invalidFile } from './lines.js'

/**
 * The files that patterns match, sorted by path, each once. `*` stands for any characters of a name and `?` for one,
 * but neither for a dot at its beginning; `**` stands for any folders, of which it follows no links. Everything else
 * stands for itself.
 *
 * @param baseFolder what patterns that are not absolute are relative to
 * @returns absolute paths, or relative ones when `baseFolder` is
 * @throws SkipwiseError `DATA_NO_FILES` naming the patterns that match nothing
 */
export async function matchFiles(patterns: readonly string[], baseFolder: string): Promise<string[]> {
  const found = new Set<string>()
  const empty: string[] = []
  for (const pattern of patterns) {
    const root = isAbsolute(pattern) ? parse(pattern).root : baseFolder
    const segments = pattern.split('/').filter(segment => segment !== '' && segment !== '.')
    // Two ** in a row say no more than one, but would visit every folder once for each way to share it between them.
    const files = await match(
      root,
      segments.filter((segment, i) => segment !== '**' || segments[i - 1] !== '**')
    )
    for (const file of files) found.add(file)
    if (!files.length) empty.push(pattern)
  }
  if (empty.length || !patterns.length) {
    throw new SkipwiseError('DATA_NO_FILES', {
      problem: empty.length
        ? `no file matches ${(await Promise.all(empty.map(pattern => whatElse(pattern, baseFolder)))).join(', ')} in ${baseFolder}`
        : 'no data files are given',
      fix: 'check the paths: they are relative to the recipe; * matches part of a name, ** any folders'
    })
  }
  // By code unit, so that the order is the same on every machine.
  return [...found].sort((a, b) => (a < b ? -1 : 1))
}

async function match(folder: string, [segment, ...rest]: string[]): Promise<string[]> {
  if (segment === undefined) return []
  if (!/[*?]/.test(segment)) return matchName(folder, segment, rest)
  const entries = await entriesOf(folder)
  if (segment === '**') {
    const here = rest.length ? await match(folder, rest) : await match(folder, ['*'])
    const below = entries
      .filter(entry => entry.isDirectory() && !entry.name.startsWith('.'))
      .map(entry => match(join(folder, entry.name), [segment, ...rest]))
    return [...here, ...(await Promise.all(below)).flat()]
  }
  const pattern = new RegExp(
    `^(?!\\.)${segment
      .replace(/[.+^${}()|[\]\\]/g, '\\$&')
      .replace(/\*+/g, '.*')
      .replaceAll('?', '.')}$`,
    'su'
  )
  const named = entries.filter(({ name }) => pattern.test(name))
  if (!rest.length) {
    // Of 100,000 files none is asked again what it is, but for links.
    const files = named.filter(entry => entry.isFile() || (entry.isSymbolicLink() && isFile(join(folder, entry.name))))
    return files.map(({ name }) => join(folder, name))
  }
  return (await Promise.all(named.map(({ name }) => matchName(folder, name, rest)))).flat()
}

/**
 * What is in a folder; nothing where there is none. @throws SkipwiseError `DATA_FILE_INVALID` for one that cannot be
 * read
 */
const entriesOf = (folder: string) =>
  readdir(folder, { withFileTypes: true }).catch((cause: NodeJS.ErrnoException) => {
    if (cause.code === 'ENOENT' || cause.code === 'ENOTDIR') return []
    throw invalidFile(folder, `cannot be read (${cause.code})`, 'check the folder and its permissions', cause)
  })

/** What a pattern names besides files: reading a pipe or a device may never end. */
async function whatElse(pattern: string, baseFolder: string): Promise<string> {
  const path = isAbsolute(pattern) ? pattern : join(baseFolder, pattern)
  const found = /[*?]/.test(pattern) ? undefined : await stat(path).catch(() => undefined)
  if (!found) return `'${pattern}'`
  return `'${pattern}' (${found.isDirectory() ? `a folder: write ${pattern.replace(/\/$/, '')}/**` : 'not a file: a pipe, a socket or a device'})`
}

/** A name that exists: a file when it is the last of the pattern, otherwise a folder to look into. */
async function matchName(folder: string, name: string, rest: string[]): Promise<string[]> {
  const path = join(folder, name)
  if (rest.length) return match(path, rest)
  return isFile(path) ? [path] : []
}

/** Whether a regular file is there, or a link to one. */
function isFile(path: string): boolean {
  try {
    return statSync(path).isFile()
  } catch {
    return false
  }
}
