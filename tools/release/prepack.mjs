// Before a package is packed, by whichever command: refuses one without what its manifest promises. A set-up clone has
// JavaScript and no declarations.
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

/**
 * Files that a manifest names and that are not there.
 *
 * @param {string} folder of a package
 * @returns {string[]} relative to the folder
 */
export function missingFiles(folder) {
  const { exports = {}, bin = {} } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'))
  const filesOf = value => (typeof value === 'string' ? [value] : Object.values(value ?? {}).flatMap(filesOf))
  return [...new Set([...filesOf(exports), ...filesOf(bin)])].filter(
    file => !file.includes('*') && !existsSync(join(folder, file))
  )
}

if (process.argv[1] === import.meta.filename) {
  const missing = missingFiles(process.cwd())
  if (missing.length > 0) {
    process.stderr.write(
      `not packed: ${missing.join(', ')} ${missing.length === 1 ? 'is' : 'are'} missing. Build it with its declarations: npx nx run-many -t build\n`
    )
    process.exitCode = 1
  }
}
