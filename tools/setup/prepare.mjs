import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { built, buildDigest, installDigest, stamp, writeStamp } from './stamps.mjs'
import { alone, fail, requireNode, root, run, say } from './workspace.mjs'

const seconds = since => `${((performance.now() - since) / 1000).toFixed(0)} s`

/** Runs a tool quietly; shows what it printed and ends the process when it fails. */
async function must(what, advice, command, args, env) {
  const start = performance.now()
  say(`${what} …`)
  const { status, output } = await run(command, args, { quiet: true, env })
  if (status !== 0) {
    process.stderr.write(output)
    fail(`${what} failed (exit code ${status}): ${advice}`)
  }
  say(`${what}: done in ${seconds(start)}`)
}

/** Installs what the lockfile says, through npx: corepack needs registry signatures that not every registry has. */
async function install() {
  const digest = installDigest()
  if (stamp('install') === digest) return
  const { packageManager } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
  await must(
    'installing dependencies',
    'the lines above say why. If the lockfile is out of date, run `npx -y ' +
      packageManager +
      ' install` and commit pnpm-lock.yaml.',
    'npx',
    ['-y', packageManager, 'install', '--frozen-lockfile'],
    { CI: 'true' }
  )
  writeStamp('install', digest)
}

/** Builds what is needed to run; declarations for publishing come from `npm run build`. */
async function build() {
  const digest = buildDigest()
  if (stamp('build') === digest && built()) return
  const args = ['run-many', '-t', 'build', '--output-style=static']
  await must('building the packages', 'the lines above say where.', 'nx', args, { SKIPWISE_BUILD: 'run' })
  writeStamp('build', digest)
}

/**
 * Installs and, if asked to, builds. Free when nothing changed (a few milliseconds), quiet but for a line per thing
 * done.
 *
 * @param {{ build: boolean }} options
 */
export async function prepare(options) {
  requireNode()
  const current =
    stamp('install') === installDigest() && (!options.build || (stamp('build') === buildDigest() && built()))
  if (current) return
  await alone(async () => {
    await install()
    if (options.build) await build()
  })
}
