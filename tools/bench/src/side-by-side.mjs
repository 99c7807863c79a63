// What benchmarks against another process share.
import { execFileSync } from 'node:child_process'
import { basename } from 'node:path'
import { parseArgs } from 'node:util'

/** The JSON document on the last line that a program prints. */
export const json = (file, args) =>
  JSON.parse(
    execFileSync(file, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] })
      .trim()
      .split('\n')
      .at(-1)
  )

export const median = numbers => numbers.toSorted((a, b) => a - b)[numbers.length >> 1]

/**
 * Options of a benchmark against Python by their defaults, and those of all of them: `--python`, `--rounds`,
 * `--threads`.
 */
export function sideBySideOptions(defaults) {
  const options = Object.entries({ rounds: '3', threads: '2', ...defaults }).map(([name, value]) => [
    name,
    { type: 'string', default: value }
  ])
  const { values } = parseArgs({ options: { python: { type: 'string' }, ...Object.fromEntries(options) } })
  if (values.python) return values
  console.error(`${basename(process.argv[1], '.mjs')}: pass --python, an interpreter with torch and transformers`)
  process.exit(2)
}
