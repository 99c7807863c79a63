import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { root, toolEnvironment } from '../setup/workspace.mjs'
import { workspacePackages } from '../setup/stamps.mjs'

export { root }
export const read = path => readFileSync(join(root, path), 'utf8')
export const readJson = path => JSON.parse(read(path))

/** Every package under packages/: its folder and manifest. */
export const packages = workspacePackages()
  .filter(path => path.startsWith('packages/'))
  .map(folder => ({ folder, manifest: readJson(`${folder}/package.json`) }))

/** Runs a workspace tool as a gate does, with further environment variables; never throws. */
export const tool = (command, args, cwd, input = '', variables = {}) =>
  new Promise(resolve => {
    // vitest tells its own children that they run inside it; a canary starts afresh
    const inherited = Object.entries(toolEnvironment()).filter(([name]) => !name.startsWith('VITEST'))
    const env = { ...Object.fromEntries(inherited), ...variables }
    // by default Node kills a child that prints more than 1 MB, as 203 failing tests do
    const child = execFile(command, args, { cwd: join(root, cwd), env, maxBuffer: Infinity }, (error, stdout, stderr) =>
      resolve({ status: error === null ? 0 : Number(error.code) || 1, output: stdout + stderr })
    )
    child.stdin.end(input)
  })
