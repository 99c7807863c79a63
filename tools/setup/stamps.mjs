// When is the workspace set up? Two stamps under node_modules, so that deleting node_modules deletes them:
//   install  a digest of the lockfile and every manifest: equal means that node_modules is what the lockfile says
//   build    a digest of path, size and modification time of every build input: equal means that dist is current
// Modification times may say "changed" after a checkout that changed nothing; then Nx compares contents and takes its
// cache.
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { root } from './workspace.mjs'

const folders = ['packages', 'tools']
const skipped = new Set(['node_modules', 'dist', 'coverage', '.test-results'])

/** Folders of the workspace packages, relative to the root, sorted. */
export const workspacePackages = () =>
  folders
    .flatMap(folder => readdirSync(join(root, folder)).map(name => `${folder}/${name}`))
    .filter(path => existsSync(join(root, path, 'package.json')))
    .sort()

function* filesBelow(path) {
  const entries = readdirSync(join(root, path), { withFileTypes: true }).sort((a, b) => (a.name < b.name ? -1 : 1))
  for (const entry of entries) {
    if (skipped.has(entry.name)) continue
    if (entry.isDirectory()) yield* filesBelow(`${path}/${entry.name}`)
    else if (entry.isFile() && !entry.name.endsWith('.test.ts')) yield `${path}/${entry.name}`
  }
}

/** Digest of everything that decides what is installed. */
export function installDigest() {
  const hash = createHash('sha256').update(`${process.platform} ${process.arch} ${process.versions.modules}\n`)
  const manifests = ['.', ...workspacePackages()].map(path => join(path, 'package.json'))
  for (const path of ['pnpm-lock.yaml', 'pnpm-workspace.yaml', ...manifests])
    hash.update(`${path}\n`).update(readFileSync(join(root, path)))
  return hash.digest('hex')
}

/** Digest of everything that decides what is built. */
export function buildDigest() {
  const hash = createHash('sha256').update(installDigest())
  const inputs = workspacePackages()
    .filter(path => existsSync(join(root, path, 'tsup.config.ts')))
    .flatMap(path => [`${path}/tsup.config.ts`, `${path}/tsconfig.json`, ...filesBelow(`${path}/src`)])
  for (const path of ['nx.json', ...filesBelow('tools/config'), ...inputs]) {
    const { size, mtimeMs } = statSync(join(root, path))
    hash.update(`${path} ${size} ${mtimeMs}\n`)
  }
  return hash.digest('hex')
}

/** Whether every package that is built has its entry in dist. */
export const built = () =>
  workspacePackages().every(
    path => !existsSync(join(root, path, 'tsup.config.ts')) || existsSync(join(root, path, 'dist', 'index.js'))
  )

const stampFile = name => join(root, 'node_modules', '.skipwise', name)

export function stamp(name) {
  try {
    return readFileSync(stampFile(name), 'utf8')
  } catch {
    return undefined
  }
}

export function writeStamp(name, digest) {
  mkdirSync(dirname(stampFile(name)), { recursive: true })
  writeFileSync(stampFile(name), digest)
}
