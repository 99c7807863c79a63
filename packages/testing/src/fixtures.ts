import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'

/** The workspace folder above `from`, or undefined outside a workspace. */
function workspaceRoot(from: string): string | undefined {
  for (let folder = from; ; folder = dirname(folder)) {
    if (existsSync(join(folder, 'pnpm-workspace.yaml'))) return folder
    if (folder === dirname(folder)) return undefined
  }
}

/**
 * Absolute path of a file or folder of the shared fixtures, which are next to the checkout in `../shared/fixtures`.
 *
 * @returns undefined where the fixtures are not there; tests are then reported as skipped
 */
export function sharedFixture(path: string): string | undefined {
  const root = workspaceRoot(process.cwd())
  const file = root && join(dirname(root), 'shared', 'fixtures', path)
  return file && existsSync(file) ? file : undefined
}
