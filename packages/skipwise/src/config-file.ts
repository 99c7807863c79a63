import { isSkipwiseError } from '@skipwise/core'
import { readdir } from 'node:fs/promises'
import { extname, join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { usageError } from './errors.js'
import { TimeLimitError, withTimeLimit } from './time-limit.js'

/** What a configuration may be written in. */
const EXTENSIONS = ['.mjs', '.js', '.cjs', '.ts', '.mts', '.cts']

/** Seconds that loading may take: plugins may load large libraries. */
const SECONDS = 60

/**
 * The `skipwise.config` of the first of `folders` that has one.
 *
 * @throws SkipwiseError `CLI_CONFIG` where a folder has two, or one in a language that is not read
 */
export async function findConfigFile(folders: readonly string[]): Promise<string | undefined> {
  for (const folder of folders) {
    // a folder that cannot be listed has none; what else is wrong with it is said by whoever needs it
    const names = await readdir(folder).catch((): string[] => [])
    const found = names.filter(name => /^skipwise\.config\.[^.]+$/.test(name)).sort()
    if (found.length === 0) continue
    const unread = found.find(name => !EXTENSIONS.includes(extname(name)))
    if (unread !== undefined)
      throw usageError(
        'CLI_CONFIG',
        `${join(folder, unread)} is not read`,
        `write it as one of ${EXTENSIONS.map(extension => `skipwise.config${extension}`).join(', ')}`
      )
    if (found.length > 1) throw usageError('CLI_CONFIG', `${folder} has ${found.join(' and ')}`, 'keep one of them')
    return join(folder, found[0])
  }
  return undefined
}

/**
 * The plugins that a configuration exports: `export default { plugins: [...] }`, in JavaScript or TypeScript.
 *
 * @throws SkipwiseError `CLI_CONFIG` where it throws, does not end or exports something else
 */
export async function loadPlugins(
  file: string,
  seconds = Number(process.env['SKIPWISE_CONFIG_SECONDS']) || SECONDS
): Promise<unknown[]> {
  const exported = await withTimeLimit(() => load(file), seconds).catch((cause: unknown) => {
    if (isSkipwiseError(cause)) throw cause
    const why = cause instanceof Error ? cause.message : String(cause)
    const fix =
      cause instanceof TimeLimitError
        ? 'it should only name plugins: look for an endless loop, or an await that never resolves (SKIPWISE_CONFIG_SECONDS gives it more time)'
        : 'correct the file'
    throw usageError('CLI_CONFIG', `${file} cannot be loaded (${oneLine(why)})`, fix, cause)
  })
  const plugins =
    typeof exported === 'object' && exported !== null && 'plugins' in exported ? exported.plugins : undefined
  if (!Array.isArray(plugins))
    throw usageError(
      'CLI_CONFIG',
      `${file} exports ${kindOf(exported)}, not plugins`,
      'write export default { plugins: [...] }'
    )
  return plugins
}

/** The default export. */
async function load(file: string): Promise<unknown> {
  if (/\.[mc]?ts$/.test(file)) {
    const { createJiti } = await import('jiti')
    // Node 20 cannot read TypeScript; nothing is kept on disk
    return createJiti(import.meta.url, { fsCache: false, moduleCache: false }).import(file, { default: true })
  }
  const module: unknown = await import(pathToFileURL(file).href)
  return typeof module === 'object' && module !== null && 'default' in module ? module.default : undefined
}

function kindOf(value: unknown): string {
  if (value === undefined) return 'nothing as default'
  if (value === null) return 'null'
  if (Array.isArray(value)) return 'a list'
  if (typeof value === 'object') return `an object with ${Object.keys(value).slice(0, 5).join(', ') || 'no keys'}`
  return `a ${typeof value}`
}

/** The message of a compiler, which draws the line over several. */
const oneLine = (text: string) => text.replace(/\s+/g, ' ').slice(0, 300)
