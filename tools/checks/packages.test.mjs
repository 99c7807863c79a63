// What holds for every package, so that a reader who has seen one has seen all.
import { execFileSync } from 'node:child_process'
import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { packages, read, readJson, root } from './workspace.mjs'

const layers = ['foundation', 'kernel', 'plugin', 'backend', 'engine', 'entry', 'asset', 'testing']
const filesBelow = folder => readdirSync(join(root, folder), { recursive: true }).map(String)

describe.each(packages)('$folder', ({ folder, manifest }) => {
  test('is named after its folder', () => {
    const name = folder.slice('packages/'.length)
    expect(manifest.name).toBe(name === 'skipwise' ? name : `@skipwise/${name}`)
  })

  test('has exactly one layer', () => {
    expect(manifest.nx?.tags).toHaveLength(1)
    expect(layers.map(layer => `layer:${layer}`)).toContain(manifest.nx.tags[0])
  })

  test('is built, type-checked, linted and tested through Nx', () => {
    for (const target of ['build', 'typecheck', 'lint', 'test']) {
      expect(manifest.nx.targets).toHaveProperty(target)
      // a script of that name would need pnpm on the path, which a clone does not have
      expect(manifest.scripts?.[target]).toBeUndefined()
    }
    expect(existsSync(join(root, folder, 'vitest.config.ts'))).toBe(true)
  })

  test.runIf(manifest.private !== true)('is not packed without what its manifest promises', () => {
    expect(manifest.scripts?.prepack).toBe('node ../../tools/release/prepack.mjs')
  })

  test('is ESM for the same Node as the workspace, and needs no install script', () => {
    expect(manifest.type).toBe('module')
    expect(manifest.engines).toEqual(readJson('package.json').engines)
    expect(Object.keys(manifest.scripts ?? {}).filter(name => /install|prepare/.test(name))).toEqual([])
  })

  test('has tests', () => {
    const tests = filesBelow(`${folder}/src`).filter(name => name.endsWith('.test.ts'))
    expect(tests.length, `write tests next to the source of ${manifest.name}`).toBeGreaterThan(0)
  })

  test('has a README that installs it and runs an example', () => {
    const readme = existsSync(join(root, folder, 'README.md')) ? read(`${folder}/README.md`) : ''
    expect(readme, `write ${folder}/README.md`).toContain(manifest.name)
    expect(readme).toMatch(/^```/m)
  })
})

test('the top level is what the README says', () => {
  const listed = [
    'package.json',
    'nx.json',
    'pnpm-workspace.yaml',
    'packages',
    'docs',
    'tools',
    'README.md',
    'LICENSE',
    'pnpm-lock.yaml'
  ]
  const tracked = execFileSync('git', ['ls-files'], { cwd: root, encoding: 'utf8' }).trim().split('\n')
  const found = new Set(tracked.map(path => path.split('/')[0]).filter(name => !name.startsWith('.')))
  expect([...found].sort()).toEqual(listed.sort())
})

test('the lockfile names no registry and no machine', () => {
  expect(read('pnpm-lock.yaml')).not.toMatch(/https?:\/\/|file:\/|tarball:/)
})
