// The packages as they are published: which there are, their tarballs, and what their READMEs tell a user to do.
import { spawnSync } from 'node:child_process'
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { workspacePackages } from '../setup/stamps.mjs'
import { fail, root, run } from '../setup/workspace.mjs'

const readJson = path => JSON.parse(readFileSync(join(root, path), 'utf8'))

/** Every package that is published: its folder, manifest and README. */
export const published = workspacePackages()
  .map(folder => ({ folder, manifest: readJson(`${folder}/package.json`) }))
  .filter(({ manifest }) => manifest.private !== true)
  .map(entry => ({
    ...entry,
    name: entry.manifest.name,
    readme: readFileSync(join(root, entry.folder, 'README.md'), 'utf8')
  }))

export const { packageManager } = readJson('package.json')

/** Runs a command to its end; what it printed is shown, and the check fails, when it does. */
export function must(command, args, cwd, env = {}) {
  const { status, stdout, stderr } = spawnSync(command, args, {
    cwd,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, ...env },
    maxBuffer: 1 << 26
  })
  if (status === 0) return stdout
  process.stderr.write(`${stdout}${stderr}`)
  fail(`pack-check: ${command} ${args.slice(0, 3).join(' ')} failed in ${cwd}`)
}

/** Builds everything, declarations included. */
export async function buildAll() {
  const build = await run('nx', ['run-many', '-t', 'build', '--output-style=static'], { quiet: true })
  if (build.status === 0) return
  process.stderr.write(build.output)
  fail('pack-check: the build failed')
}

/**
 * Packs every published package as `pnpm publish` would.
 *
 * @param {string} folder where the tarballs go
 * @param {string} tree the working tree to pack
 * @returns {Map<string, string>} package name → path of its tarball in `folder`
 */
export function packAll(folder, tree = root) {
  const filters = published.flatMap(({ name }) => ['--filter', name])
  must('npx', ['-y', packageManager, '--recursive', ...filters, 'pack', '--pack-destination', folder], tree)
  const files = new Set(readdirSync(folder))
  const tarballs = new Map(
    published
      .map(entry => [entry.name, JSON.parse(readFileSync(join(tree, entry.folder, 'package.json'), 'utf8')).version])
      .map(([name, version]) => [name, `${name.replace('@', '').replace('/', '-')}-${version}.tgz`])
      .map(([name, file]) => [name, files.has(file) && join(folder, file)])
  )
  const missing = [...tarballs].filter(([, file]) => file === false).map(([name]) => name)
  if (missing.length > 0) fail(`pack-check: no tarball of ${missing.join(', ')}`)
  return tarballs
}

/** What the `npm install` lines of a README install: name → version asked for. */
export function installedBy(readme) {
  const lines = readme.match(/^npm install .*$/gm) ?? []
  const words = lines
    .flatMap(line => line.replace(/#.*/, '').split(/\s+/).slice(2))
    .filter(word => word !== '' && !word.startsWith('-'))
  return Object.fromEntries(words.map(word => [word.replace(/(?<=.)@.*/, ''), /(?<=.)@(.*)/.exec(word)?.[1] ?? '*']))
}

/** The README of the repository: its program is one of the package skipwise. */
export const rootReadme = readFileSync(join(root, 'README.md'), 'utf8')

/** The ```ts fences of a README. */
export const examplesOf = readme => [...readme.matchAll(/^```ts\n(.*?)^```/gms)].map(([, text]) => text)

/** Optional peers whose install scripts download from outside npm: no check may need them. */
export const neverInstalled = ['@tensorflow/tfjs-node', '@tensorflow/tfjs-node-gpu']

/**
 * Installs the projects below `folder`/projects in pnpm's strict layout, without install scripts, our packages from
 * their tarballs.
 */
export function installWorkspace(folder, tarballs) {
  const overrides = [
    ...[...tarballs].map(([name, file]) => [name, `file:${file}`]),
    ...neverInstalled.map(name => [name, '-'])
  ]
  writeFileSync(
    join(folder, 'pnpm-workspace.yaml'),
    `packages: ['projects/*']\noverrides:\n${overrides.map(([name, spec]) => `  '${name}': '${spec}'\n`).join('')}`
  )
  writeFileSync(join(folder, 'package.json'), JSON.stringify({ name: 'scratch', private: true, packageManager }))
  must(
    'npx',
    [
      '-y',
      packageManager,
      'install',
      '--ignore-scripts',
      '--prefer-offline',
      '--no-frozen-lockfile',
      '--config.strict-dep-builds=false'
    ],
    folder,
    { CI: 'true' }
  )
}
