// node tools/generators/check.mjs: in a copy of the working tree, generates a package of every kind by the command that
// users call, and holds each to what every package is held to: lint with its layer tag, types, its tests, and the rules
// of tools/checks.
import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { withScratchClone } from '../setup/scratch-clone.mjs'
import { prepare } from '../setup/prepare.mjs'
import { fail, root, say, toolEnvironment } from '../setup/workspace.mjs'

await prepare({ build: false })
const read = path => JSON.parse(readFileSync(join(root, path), 'utf8'))
const kinds = read('tools/generators/plugin/schema.json').properties.kind.enum
const { packageManager } = read('package.json')

await withScratchClone(clone => {
  const bin = join(clone, 'node_modules', '.bin')
  const must = (command, args, folder = clone) => {
    try {
      return execFileSync(command, args, {
        cwd: folder,
        encoding: 'utf8',
        stdio: ['ignore', 'pipe', 'pipe'],
        env: { ...toolEnvironment(), PATH: `${bin}:${process.env.PATH}`, CI: 'true' },
        maxBuffer: 1 << 26
      })
    } catch (error) {
      process.stderr.write(`${error.stdout}${error.stderr}`)
      fail(`generators: ${command} ${args.join(' ')} failed`)
    }
  }
  const install = () =>
    must('npx', ['-y', packageManager, 'install', '--prefer-offline', '--no-frozen-lockfile', '--ignore-scripts'])
  install()
  for (const kind of kinds) must('nx', ['g', '@skipwise/generators:plugin', `my-${kind}`, '--kind', kind])
  install()
  const names = kinds.map(kind => `@skipwise/my-${kind}`)
  must('nx', ['run-many', '-t', 'lint', 'typecheck', 'test', '-p', names.join(','), '--output-style=static'])
  const counts = kinds.map(
    kind =>
      `${kind} ${JSON.parse(readFileSync(join(clone, 'packages', `my-${kind}`, '.test-results', 'vitest.json'), 'utf8')).numPassedTests}`
  )
  must(
    'vitest',
    ['run', 'packages.test.mjs', 'readme-examples.test.mjs', '-t', 'packages/my-|README examples compile'],
    join(clone, 'tools', 'checks')
  )
  say(`generators: ${kinds.length} kinds generated; they lint, compile and pass their tests (${counts.join(', ')})`)
})
