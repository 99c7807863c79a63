// Any one package of plugins or executors can be taken away: every other package still builds and loads, but for the entry, which names it in
// the default registry and in verbs that are about it. Tests are wiring and may use real plugins (docs/adr/0002-layers.md); what of
// theirs goes with a package is declared in devDependencies.
import { build } from 'esbuild'
import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import ts from 'typescript'
import { describe, expect, test } from 'vitest'
import { packages, read, root } from './workspace.mjs'

const layerOf = ({ manifest }) => manifest.nx.tags[0].slice('layer:'.length)
const removable = packages.filter(each => ['plugin', 'backend'].includes(layerOf(each)))

/** Files of the entry that are about one package, beside the registry. */
const verbs = {
  '@skipwise/arch-llama': ['bench-train.ts'],
  '@skipwise/executor-onnx': ['auto-executor.ts'],
  '@skipwise/executor-tensorflow': ['auto-executor.ts'],
  '@skipwise/interpolation': ['commands/convert.ts', 'commands/doctor.ts', 'parts.ts'],
  '@skipwise/position-transforms': ['commands/coverage.ts'],
  '@skipwise/tokenizers': ['commands/generate.ts']
}

const filesOf = (folder, sub) => (existsSync(join(root, folder, sub)) ? readdirSync(join(root, folder, sub), { recursive: true }).map(String).filter(name => /\.(ts|mjs)$/.test(name)).map(name => `${sub}/${name}`) : [])
const isTest = file => file.startsWith('test/') || file.endsWith('.test.ts')
/** Every file of the packages with the workspace packages that it imports, types included. */
const imports = packages.flatMap(({ folder, manifest }) =>
  [...filesOf(folder, 'src'), ...filesOf(folder, 'test')].map(file => ({
    owner: manifest.name, file, names: ts.preProcessFile(read(`${folder}/${file}`)).importedFiles.map(({ fileName }) => fileName.split('/').slice(0, fileName.startsWith('@') ? 2 : 1).join('/'))
  }))
)
const importersOf = (name, wanted) => imports.filter(({ owner, file, names }) => owner !== name && wanted(file) && names.includes(name))

/** Builds the entries of packages from source where `missing` is not to be found. */
async function buildWithout(missing, entries) {
  const gone = { name: 'gone', setup: ({ onResolve }) => onResolve({ filter: /^(@skipwise\/|skipwise$)/ }, ({ path }) => (path === missing || path.startsWith(`${missing}/`) ? { errors: [{ text: `${missing} is gone` }] } : undefined)) }
  const others = { name: 'others', setup: ({ onResolve }) => onResolve({ filter: /^[^./]/ }, ({ path, kind }) => (kind === 'entry-point' || path.startsWith('@skipwise/') ? undefined : { path, external: true })) }
  try {
    await build({ entryPoints: entries, outdir: 'unused', bundle: true, write: false, format: 'esm', platform: 'node', conditions: ['@skipwise/source'], logLevel: 'silent', plugins: [gone, others] })
    return []
  } catch (error) {
    return error.errors.map(({ text, location }) => `${location?.file}: ${text}`)
  }
}

describe.each(removable.map(({ manifest }) => manifest.name))('without %s', name => {
  test('every package but itself and the entry still builds', async () => {
    const others = packages.filter(each => each.manifest.name !== name && layerOf(each) !== 'entry').map(({ folder }) => join(root, folder, 'src', 'index.ts'))
    expect(await buildWithout(name, others)).toEqual([])
  })

  test('no source speaks of it but the registry of the entry and the verbs that are about it', () => {
    const found = importersOf(name, file => !isTest(file)).map(({ owner, file }) => `${owner} ${file}`)
    expect(found.sort()).toEqual([...(verbs[name] ?? []), 'registry.ts'].map(file => `skipwise src/${file}`).sort())
  })

  test('the tests of others that use it say so in devDependencies', () => {
    for (const { owner } of importersOf(name, isTest).filter(each => each.owner !== 'skipwise')) {
      const { dependencies = {}, devDependencies = {} } = packages.find(({ manifest }) => manifest.name === owner).manifest
      expect([owner, name in devDependencies, name in dependencies]).toEqual([owner, true, false])
    }
  })
})

test('a package that another cannot do without is noticed', async () => {
  const broken = await buildWithout('@skipwise/core', [join(root, 'packages/interpolation/src/index.ts')])
  expect(broken.join()).toContain('@skipwise/core is gone')
})
