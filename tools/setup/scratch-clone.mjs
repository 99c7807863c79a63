import { execFileSync } from 'node:child_process'
import { cpSync, existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { root } from './workspace.mjs'

/**
 * A copy of the working tree as git sees it (committed or not, nothing ignored) in a folder of its own, for checks that
 * change the tree.
 *
 * @template Result
 * @param {(clone: string) => Result | Promise<Result>} use
 * @returns {Promise<Result>}
 */
export async function withScratchClone(use) {
  const clone = mkdtempSync(join(tmpdir(), 'skipwise-clone-'))
  try {
    const files = execFileSync(
      'git',
      ['ls-files', '-z', '--cached', '--others', '--exclude-standard', '--deduplicate'],
      { cwd: root, encoding: 'utf8', maxBuffer: 1 << 26 }
    )
    // a file that was deleted is still in the index
    for (const file of files.split('\0').filter(name => name !== '' && existsSync(join(root, name))))
      cpSync(join(root, file), join(clone, file), { recursive: true })
    return await use(clone)
  } finally {
    rmSync(clone, { recursive: true, force: true })
  }
}
