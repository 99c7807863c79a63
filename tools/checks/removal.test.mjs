// Any one package of plugins or executors can be taken away: every other package still builds, loads and passes its
// tests, but for the entry, which names it in the default registry and in verbs that are about it, and for
// tools/composition, where real parts are put together.
import { build } from 'esbuild'
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import ts from 'typescript'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { packages, read, root, tool } from './workspace.mjs'

const layerOf = ({ manifest }) => manifest.nx.tags[0].slice('layer:'.length)
const removable = packages.filter(each => ['plugin', 'backend'].includes(layerOf(each)))

/** Files of the entry that are about one package, besides the registry. */
const verbs = {
  '@skipwise/arch-baichuan': ['commands/export-gguf.ts'],
  '@skipwise/arch-gptneox': ['commands/export-gguf.ts'],
  '@skipwise/arch-llama': ['bench-train.ts', 'commands/export-gguf.ts'],
  '@skipwise/arch-phi': ['commands/export-gguf.ts'],
  '@skipwise/executor-onnx': ['auto-executor.ts'],
  '@skipwise/executor-tensorflow': ['auto-executor.ts'],
  '@skipwise/interpolation': [
    'commands/convert.ts',
    'commands/doctor-gguf.ts',
    'commands/doctor.ts',
    'commands/export-gguf.ts',
    'init/look-at-model.ts',
    'parts.ts',
    'show-diagnosis.ts'
  ],
  '@skipwise/position-transforms': ['commands/coverage.ts'],
  '@skipwise/tokenizers': ['commands/export-gguf.ts', 'commands/generate.ts', 'parts.ts']
}

/** The asset was made with these, by scripts that no test runs. */
const scripts = {
  '@skipwise/eval-retrieval': ['@skipwise/tiny-llama'],
  '@skipwise/tokenizers': ['@skipwise/tiny-llama']
}

const filesOf = (folder, sub) =>
  existsSync(join(root, folder, sub))
    ? readdirSync(join(root, folder, sub), { recursive: true })
        .map(String)
        .filter(name => /\.(ts|mjs)$/.test(name))
        .map(name => `${sub}/${name}`)
    : []
const isTest = file => file.startsWith('test/') || file.endsWith('.test.ts')
/** Every file of the packages with the workspace packages that it imports, types included. */
const imports = packages.flatMap(({ folder, manifest }) =>
  [...filesOf(folder, 'src'), ...filesOf(folder, 'test')].map(file => ({
    owner: manifest.name,
    file,
    names: ts.preProcessFile(read(`${folder}/${file}`)).importedFiles.map(({ fileName }) =>
      fileName
        .split('/')
        .slice(0, fileName.startsWith('@') ? 2 : 1)
        .join('/')
    )
  }))
)
const importersOf = (name, wanted) =>
  imports.filter(({ owner, file, names }) => owner !== name && wanted(file) && names.includes(name))

/** Builds the entries of packages from source where `missing` is not to be found. */
async function buildWithout(missing, entries) {
  const gone = {
    name: 'gone',
    setup: ({ onResolve }) =>
      onResolve({ filter: /^(@skipwise\/|skipwise$)/ }, ({ path }) =>
        path === missing || path.startsWith(`${missing}/`) ? { errors: [{ text: `${missing} is gone` }] } : undefined
      )
  }
  const others = {
    name: 'others',
    setup: ({ onResolve }) =>
      onResolve({ filter: /^[^./]/ }, ({ path, kind }) =>
        kind === 'entry-point' || path.startsWith('@skipwise/') ? undefined : { path, external: true }
      )
  }
  try {
    await build({
      entryPoints: entries,
      outdir: 'unused',
      bundle: true,
      write: false,
      format: 'esm',
      platform: 'node',
      conditions: ['@skipwise/source'],
      logLevel: 'silent',
      plugins: [gone, others]
    })
    return []
  } catch (error) {
    return error.errors.map(({ text, location }) => `${location?.file}: ${text}`)
  }
}

describe.each(removable.map(({ manifest }) => manifest.name))('without %s', name => {
  test('every package but itself and the entry still builds', async () => {
    const others = packages
      .filter(each => each.manifest.name !== name && layerOf(each) !== 'entry')
      .map(({ folder }) => join(root, folder, 'src', 'index.ts'))
    expect(await buildWithout(name, others)).toEqual([])
  })

  test('no source speaks of it but the registry of the entry and the verbs that are about it', () => {
    const found = importersOf(name, file => !isTest(file)).map(({ owner, file }) => `${owner} ${file}`)
    expect(found.sort()).toEqual([...(verbs[name] ?? []), 'registry.ts'].map(file => `skipwise src/${file}`).sort())
  })

  test('no test of another package uses it but those of the entry', () => {
    expect(
      importersOf(name, isTest)
        .filter(({ owner }) => owner !== 'skipwise')
        .map(({ owner, file }) => `${owner} ${file}`)
    ).toEqual([])
  })

  test('no manifest names it but those of the entry, of the tools, and of the asset whose scripts use it', () => {
    const named = ({ dependencies = {}, devDependencies = {}, peerDependencies = {} }) =>
      name in { ...dependencies, ...devDependencies, ...peerDependencies }
    expect(
      packages
        .filter(({ manifest }) => named(manifest) && manifest.name !== 'skipwise')
        .map(({ manifest }) => manifest.name)
    ).toEqual(scripts[name] ?? [])
  })
})

describe('without any of them', () => {
  let copy, inCopy
  beforeAll(() => {
    copy = mkdtempSync(join(tmpdir(), 'skipwise-without-'))
    inCopy = relative(root, copy)
    mkdirSync(join(copy, 'packages'))
    symlinkSync(join(root, 'node_modules'), join(copy, 'node_modules'))
    cpSync(join(root, 'tools', 'config'), join(copy, 'tools', 'config'), { recursive: true, verbatimSymlinks: true })
    const left = packages.filter(each => ['foundation', 'kernel', 'engine', 'testing'].includes(layerOf(each)))
    // links between packages are relative: those to what is not copied lead nowhere
    for (const { folder } of left)
      cpSync(join(root, folder), join(copy, folder), {
        recursive: true,
        verbatimSymlinks: true,
        filter: path => !/\/(dist|\.test-results)$/.test(path)
      })
  })
  afterAll(() => rmSync(copy, { recursive: true }))

  test.each([
    ['inference', []],
    ['training', ['src/train.test.ts', 'src/accumulation.test.ts']]
  ])(
    '%s passes its tests',
    async (name, files) => {
      for (const { folder } of removable) expect(existsSync(join(copy, folder))).toBe(false)
      const { status, output } = await tool('vitest', ['run', ...files], join(inCopy, 'packages', name))
      expect(status, output).toBe(0)
    },
    240_000
  )

  test('a test that needs one is noticed', async () => {
    writeFileSync(
      join(copy, 'packages/inference/src/needy.test.ts'),
      "import '@skipwise/arch-llama'\nimport { test } from 'vitest'\ntest('runs', () => {})\n"
    )
    const { status, output } = await tool('vitest', ['run', 'src/needy.test.ts'], join(inCopy, 'packages/inference'))
    expect([status, output]).toEqual([1, expect.stringContaining('@skipwise/arch-llama')])
  }, 60_000)
})

test('a package that another cannot do without is noticed', async () => {
  const broken = await buildWithout('@skipwise/core', [join(root, 'packages/interpolation/src/index.ts')])
  expect(broken.join()).toContain('@skipwise/core is gone')
})
