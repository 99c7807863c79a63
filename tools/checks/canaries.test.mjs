// A gate that did not run looks like a gate that passed: ESLint's Nx rule, for one, is silently skipped without a
// project graph. Each canary feeds a gate something bad and fails when the gate accepts it.
import { ESLint } from 'eslint'
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import ts from 'typescript'
import { beforeAll, describe, expect, test } from 'vitest'
import { countResults, skippedTests } from '../setup/results.mjs'
import { cyclesIn, fileGraph, packageGraph } from './cycles.mjs'
import { packages, readJson, root, tool } from './workspace.mjs'

const boundaryRule = '@nx/enforce-module-boundaries'
const config = join(root, 'tools', 'config', 'eslint.config.mjs')

async function boundaryErrors(folder, file, text) {
  const eslint = new ESLint({ cwd: join(root, folder), overrideConfigFile: config })
  const [result] = await eslint.lintText(text, { filePath: join(root, folder, file) })
  const fatal = result.messages.filter(message => message.fatal)
  expect(fatal).toEqual([])
  return result.messages.filter(message => message.ruleId === boundaryRule).map(message => message.message)
}

const importing = name => `import * as bad from '${name}'\nexport const value = bad\n`

describe('the layer rule', () => {
  test.each([
    ['plugin → engine', 'interpolation', '@skipwise/training'],
    ['plugin → backend', 'arch-llama', '@skipwise/executor-onnx'],
    ['engine → plugin', 'training', '@skipwise/interpolation'],
    ['engine → backend', 'inference', '@skipwise/executor-tfjs'],
    ['backend → engine', 'executor-onnx', '@skipwise/inference'],
    ['foundation → kernel', 'core', '@skipwise/runtime'],
    ['kernel → plugin', 'nn', '@skipwise/positional-encodings'],
    ['engine → entry', 'experiment', 'skipwise'],
    ['asset → engine', 'tiny-llama', '@skipwise/training'],
    ['asset → plugin', 'tiny-llama', '@skipwise/eval-retrieval'],
    ['source → testing', 'interpolation', '@skipwise/testing']
  ])('refuses %s', async (_arrow, from, to) => {
    expect(await boundaryErrors(`packages/${from}`, 'src/index.ts', importing(to))).toHaveLength(1)
  })

  test('accepts plugin → foundation', async () => {
    expect(await boundaryErrors('packages/interpolation', 'src/index.ts', importing('@skipwise/core'))).toEqual([])
  })

  const tested = packages.flatMap(({ folder }) =>
    readdirSync(join(root, folder, 'src'))
      .filter(name => name.endsWith('.test.ts'))
      .map(name => ({ folder, file: `src/${name}` }))
  )
  const plugin = tested.find(({ folder }) => readJson(`${folder}/package.json`).nx.tags.includes('layer:plugin'))

  test.runIf(plugin)('accepts @skipwise/testing in a test, but not the entry', async () => {
    expect(await boundaryErrors(plugin.folder, plugin.file, importing('@skipwise/testing'))).toEqual([])
    expect(await boundaryErrors(plugin.folder, plugin.file, importing('skipwise'))).toHaveLength(1)
  })

  test.each(['@skipwise/executor-onnx', '@skipwise/arch-llama', '@skipwise/positional-encodings'])(
    'accepts %s in tools/composition, not in a test of training',
    async name => {
      expect(await boundaryErrors('tools/composition', 'src/loss-curve.test.ts', importing(name))).toEqual([])
      expect(await boundaryErrors('packages/training', 'src/train.test.ts', importing(name))).toHaveLength(1)
    }
  )

  test('a test that imports what its package does not declare does not compile', () => {
    const from = join(root, 'packages/interpolation/src/schemes.test.ts')
    const resolve = name =>
      ts.resolveModuleName(
        name,
        from,
        { moduleResolution: ts.ModuleResolutionKind.Bundler, customConditions: ['@skipwise/source'] },
        ts.sys
      ).resolvedModule
    expect(resolve('@skipwise/testing')).toBeDefined()
    expect(resolve('@skipwise/training')).toBeUndefined()
  })

  test('makes the lint command of nx.json exit with an error', async () => {
    const { command } = readJson('nx.json').targetDefaults.lint.options
    expect(command.endsWith(' src')).toBe(true)
    const [eslint, ...args] = command.slice(0, -' src'.length).split(' ')
    const bad = await tool(
      eslint,
      [...args, '--stdin', '--stdin-filename', 'src/index.ts'],
      'packages/core',
      importing('@skipwise/runtime')
    )
    expect(bad.status).toBe(1)
    expect(bad.output).toContain(boundaryRule)
  })
})

describe('the rules about files', () => {
  const complaints = async (rule, text) => {
    const eslint = new ESLint({ cwd: join(root, 'packages/core'), overrideConfigFile: config })
    const [{ messages }] = await eslint.lintText(text, { filePath: join(root, 'packages/core/src/errors.ts') })
    return messages.filter(({ ruleId }) => ruleId === rule)
  }

  test.each([
    "import { rm } from 'node:fs/promises'",
    "import { unlinkSync } from 'node:fs'",
    "import fs from 'node:fs'",
    "import * as fs from 'fs'"
  ])('refuse %s', async line => {
    const used = `${line}\nexport const value = ${/\{ (\w+)/.exec(line)?.[1] ?? 'fs'}\n`
    expect(await complaints('@typescript-eslint/no-restricted-imports', used)).toHaveLength(1)
  })

  test('refuse to ask the network past the guard', async () => {
    expect(await complaints('no-restricted-globals', "export const value = fetch('https://host')\n")).toHaveLength(1)
    expect(
      await complaints('no-restricted-globals', 'export const value = (a: { fetch(): 1 }) => a.fetch()\n')
    ).toEqual([])
  })

  test('refuse two names in one declaration, and a comment wider than the code', async () => {
    const wide = `// ${'word '.repeat(30)}`
    expect(await complaints('one-var', 'export const a = 1,\n  b = 2\n')).toHaveLength(1)
    expect(await complaints('one-var', 'let a\nlet b\nexport { a, b }\n')).toEqual([])
    expect(await complaints('max-len', `${wide}\nexport const a = 1\n`)).toHaveLength(1)
    expect(await complaints('max-len', `export const a = '${wide}'\n`)).toEqual([])
  })

  test('refuse a spread of a key that may be undefined, and accept other conditions', async () => {
    const spreads = argument => `export const value = (a?: number, b = false) => ({ ${argument} })\n`
    for (const given of ['...(a !== undefined && { a })', '...(b && a !== undefined && { a })'])
      expect(await complaints('no-restricted-syntax', spreads(given))).not.toEqual([])
    expect(await complaints('no-restricted-syntax', spreads('...(a === undefined ? {} : { a })'))).toHaveLength(1)
    expect(await complaints('no-restricted-syntax', spreads('...(a === 0 ? {} : { a }), ...(b && { b })'))).toEqual([])
  })

  test('refuse to read a whole file without the guard, and accept the rest', async () => {
    expect(
      await complaints(
        'no-restricted-imports',
        "import { readFile } from 'node:fs/promises'\nexport const value = readFile\n"
      )
    ).toHaveLength(1)
    expect(
      await complaints(
        '@typescript-eslint/no-restricted-imports',
        "import { mkdir } from 'node:fs/promises'\nexport const value = mkdir\n"
      )
    ).toEqual([])
  })
})

describe('imports that go round in a circle are found', () => {
  const graphOf = sources => fileGraph(new Map(Object.entries(sources)), new Map([['other', 'other/src/index.ts']]))

  test.each([
    ['of types', "import type { B } from './b.js'", "import { type A } from './a.js'"],
    ['by a type import()', "export type B = import('./b.js').B", "export * from './a.js'"],
    ['at run time', "export const b = () => import('./b.js')", "import { a } from './a.js'"]
  ])('%s', (_what, a, b) => {
    expect(cyclesIn(graphOf({ 'one/src/a.ts': a, 'one/src/b.ts': b }))).toEqual([
      'one/src/a.ts → one/src/b.ts → one/src/a.ts'
    ])
  })

  test('between packages whose files do not', () => {
    const files = graphOf({
      'one/src/a.ts': "import type { B } from 'other'",
      'one/src/index.ts': '',
      'other/src/index.ts': '',
      'other/src/b.ts': "import type { C } from '../../one/src/index.js'"
    })
    expect(cyclesIn(files)).toEqual([])
    expect(cyclesIn(packageGraph(files))).toEqual(['one → other → one'])
  })

  test('two that import a third are none', () => {
    expect(
      cyclesIn(graphOf({ 'a.ts': "import './c.js'; import './b.js'", 'b.ts': "import './c.js'", 'c.ts': '' }))
    ).toEqual([])
  })
})

test('a file that prettier would write in another way makes the format command exit with an error', async () => {
  const { command } = readJson('tools/checks/package.json').nx.targets.format.options
  const [prettier, ...args] = command.replace(/ --cache| "[^"]+"/g, '').split(' ')
  const check = text => tool(prettier, [...args, '--stdin-filepath', 'packages/core/src/errors.ts'], '.', text)
  expect((await check('export const value = 1\n')).status).toBe(0)
  expect((await check('export const value = 1;\n')).status).not.toBe(0)
})

test('a failing test makes vitest exit with an error, and is counted', async () => {
  const { command } = readJson('nx.json').targetDefaults.test.options
  const fixture = 'tools/checks/fixtures/failing-test'
  const [vitest, ...args] = command.split(' ')
  const { status } = await tool(vitest, args, fixture)
  expect(status).toBe(1)
  const file = join(root, fixture, '.test-results', 'vitest.json')
  expect(countResults([{ name: 'canary', file }])).toEqual({ passed: 1, failed: 1, skipped: 0, problems: [] })
})

describe('a conformance suite finds what is wrong with a plugin', () => {
  let failed
  beforeAll(async () => {
    const fixture = 'tools/checks/fixtures/broken-plugins'
    const [vitest, ...args] = readJson('nx.json').targetDefaults.test.options.command.split(' ')
    await tool(vitest, args, fixture)
    const results = readJson(`${fixture}/.test-results/vitest.json`).testResults.flatMap(
      ({ assertionResults }) => assertionResults
    )
    failed = results.filter(({ status }) => status === 'failed').map(({ fullName }) => fullName)
  }, 240_000)

  test.each([
    [/^tokenizer 'bytes' decodes the ids of a text to it/, 'a decoder that loses spaces'],
    [/^interpolation 'linear'.* at most the original ones/, 'frequencies above those of the model'],
    [
      /^position transform 'pose'.* makes the same example of the same draw/,
      'positions that do not come from the seed'
    ],
    [
      /^position transform 'contiguous'.* says where in the document each token comes from/,
      'places in the example given for places in the document'
    ],
    [/^positional encoding 'rotary-half'.* is the identity at position 0/, 'positions that begin at 1'],
    [/^architecture 'llama'.* names every parameter once/, 'a parameter that is there twice'],
    [/^evaluation suite 'passkey' gives the same result for the same seed/, 'metrics by chance'],
    [/^executor 'spoiled'.* an upload is a copy/, 'numbers that are 1 % off']
  ])('%s: %s', title => expect(failed.filter(name => title.test(name))).not.toEqual([]))
})

test('a package whose tests left no report is counted as failed', () => {
  expect(countResults([{ name: 'gone', file: 'no-such-report.json' }])).toMatchObject({
    passed: 0,
    failed: 1,
    skipped: 0
  })
})

test('what was skipped is listed with its reason, once for a group', () => {
  const folder = mkdtempSync(join(tmpdir(), 'skipwise-skipped-'))
  const file = join(folder, 'vitest.json')
  const group = 'training (needs it: tfjs-node is not installed)'
  const assertionResults = [
    ['skipped', [group], 'one'],
    ['pending', [group, 'part'], 'two'],
    ['passed', [], 'three'],
    ['skipped', ['a device'], 'needs a GPU']
  ].map(([status, ancestorTitles, title]) => ({ status, ancestorTitles, title }))
  try {
    writeFileSync(file, JSON.stringify({ testResults: [{ assertionResults }] }))
    expect(
      skippedTests([
        { name: 'canary', file },
        { name: 'gone', file: 'no-such-report.json' }
      ])
    ).toEqual([`canary: 2 skipped: ${group}`, 'canary: 1 skipped: a device > needs a GPU'])
  } finally {
    rmSync(folder, { recursive: true })
  }
})

describe('npm test looks at every package in one program', () => {
  const { lint, typecheck } = readJson('tools/checks/package.json').nx.targets
  const programOf = file =>
    ts.parseJsonConfigFileContent(ts.readConfigFile(file, ts.sys.readFile).config, ts.sys, dirname(file))
  const configuration = join(root, typecheck.options.command.split(' ').at(-1))

  test('which has the files of all, under the options of each', () => {
    const whole = programOf(configuration)
    const files = new Set(whole.fileNames)
    const comparable = ({ configFilePath: _, allowJs: __, ...options }) => options
    for (const { folder } of packages) {
      const { fileNames, options } = programOf(join(root, folder, 'tsconfig.json'))
      expect(fileNames.length).toBeGreaterThan(0)
      expect(fileNames.filter(file => !files.has(file))).toEqual([])
      expect(comparable(options)).toEqual(comparable(whole.options))
    }
  })

  test('under the rules of each', async () => {
    const rulesOf = async (cwd, file) => {
      const { rules } = await new ESLint({ cwd, overrideConfigFile: config }).calculateConfigForFile(file)
      return rules
    }
    const excepted = ['checkpoints/src/removal.ts', 'hub/src/guarded-fetch.ts', 'experiment/src/run.ts']
    for (const file of [...excepted, 'core/src/index.ts', 'training/src/train.test.ts']) {
      const path = join(root, 'packages', file)
      expect(await rulesOf(root, path)).toEqual(await rulesOf(join(root, 'packages', file.split('/')[0]), path))
    }
    expect(await rulesOf(root, join(root, 'packages/checkpoints/src/removal.ts'))).not.toHaveProperty([
      '@typescript-eslint/no-restricted-imports'
    ])
  })

  test('and refuses what a package may not import', async () => {
    const { command, env } = lint.options
    expect(command).toContain('"packages/*/src/**/*.ts"')
    const [eslint, ...args] = command.slice(0, command.indexOf(' "')).split(' ')
    const bad = await tool(
      eslint,
      [...args, '--stdin', '--stdin-filename', 'packages/core/src/index.ts'],
      '.',
      importing('@skipwise/runtime'),
      // else typescript-eslint reads the file of that name, and not what it is given
      { ...env, TSESTREE_SINGLE_RUN: 'false' }
    )
    expect(bad.status).toBe(1)
    expect(bad.output).toContain(boundaryRule)
  })
})

test('a type error makes tsc exit with an error', async () => {
  const { command } = readJson('nx.json').targetDefaults.typecheck.options
  const [tsc, ...args] = command.split(' ')
  const { status, output } = await tool(tsc, args, 'tools/checks/fixtures/type-error')
  expect(status).not.toBe(0)
  expect(output).toContain('TS2322')
})
