// Packs every package as it would be published, installs the tarballs with npm into an empty project, without install scripts, and
// imports each. What only works inside the workspace (a source import, a file that is not packed, a missing dependency) fails here.
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { spawnSync } from 'node:child_process'
import { prepare } from '../setup/prepare.mjs'
import { workspacePackages } from '../setup/stamps.mjs'
import { fail, root, run, say } from '../setup/workspace.mjs'

function must(command, args, cwd) {
  const { status, stdout, stderr } = spawnSync(command, args, { cwd, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] })
  if (status === 0) return stdout
  process.stderr.write(`${stdout}${stderr}`)
  fail(`pack-check: ${command} ${args.slice(0, 3).join(' ')} failed in ${cwd}`)
}

await prepare({ build: false })
const build = await run('nx', ['run-many', '-t', 'build', '--output-style=static'], { quiet: true })
if (build.status !== 0) {
  process.stderr.write(build.output)
  fail('pack-check: the build failed')
}
const { packageManager } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
const published = workspacePackages()
  .map(path => ({ path, manifest: JSON.parse(readFileSync(join(root, path, 'package.json'), 'utf8')) }))
  .filter(({ manifest }) => manifest.private !== true)

const project = mkdtempSync(join(tmpdir(), 'skipwise-pack-'))
try {
  must(
    'npx',
    ['-y', packageManager, '--recursive', ...published.flatMap(({ manifest }) => ['--filter', manifest.name]), 'pack', '--pack-destination', project],
    root
  )
  const tarballs = readdirSync(project).filter(name => name.endsWith('.tgz'))
  if (tarballs.length !== published.length) fail(`pack-check: ${published.length} packages, ${tarballs.length} tarballs`)

  writeFileSync(join(project, 'package.json'), JSON.stringify({ name: 'pack-check', private: true, type: 'module' }))
  must('npm', ['install', '--ignore-scripts', '--no-audit', '--no-fund', '--prefer-offline', ...tarballs.map(name => `./${name}`)], project)

  const entries = published.map(({ manifest }) => manifest).filter(manifest => manifest.exports?.['.'] !== undefined)
  const check = `for (const name of ${JSON.stringify(entries.map(({ name }) => name))}) {
  const names = Object.keys(await import(name))
  if (names.length === 0) { console.error(name + ' exports nothing'); process.exitCode = 1 }
}`
  writeFileSync(join(project, 'check.mjs'), check)
  must('node', ['check.mjs'], project)
  for (const { manifest } of published) {
    for (const name of Object.keys(manifest.bin ?? {})) must('npx', ['--no-install', name, '--help'], project)
  }
  say(`pack-check: ${published.length} packages packed, installed and imported`)
} finally {
  rmSync(project, { recursive: true, force: true })
}
