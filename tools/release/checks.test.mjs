// Each check of a published package refuses what it is there to refuse.
import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { typeProblems } from './alone.mjs'
import { contentProblems } from './contents.mjs'
import { runExamples } from './examples.mjs'
import { commandsOf, runPage } from './guides.mjs'
import { changesetProblems } from './version.mjs'
import { examplesOf, installedBy } from './packages.mjs'
import { missingFiles } from './prepack.mjs'
import { brokenPromise, promisedNumbers } from './promises.mjs'

let folder
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'skipwise-release-'))
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

function tarball(name, files) {
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name, path)), { recursive: true })
    writeFileSync(join(folder, name, path), text)
  }
  const [{ filename }] = JSON.parse(
    execFileSync('npm', ['pack', '--json', '--pack-destination', folder], { cwd: join(folder, name), encoding: 'utf8' })
  )
  return join(folder, filename)
}
const manifest = exports => JSON.stringify({ name: 'canary', version: '1.0.0', type: 'module', exports })

test('contents: a good package has no problem, one without types or with a missing file has', async () => {
  const files = { 'dist/index.js': 'export const one = 1\n', 'dist/index.d.ts': 'export declare const one: number\n' }
  const good = tarball('good', {
    'package.json': manifest({ '.': { types: './dist/index.d.ts', default: './dist/index.js' } }),
    ...files
  })
  expect(await contentProblems(good)).toEqual([])
  const untyped = tarball('untyped', { 'package.json': manifest('./index.js'), 'index.js': 'export const one = 1\n' })
  expect(await contentProblems(untyped)).toEqual(['has no types'])
  const missing = tarball('missing', {
    'package.json': manifest({ '.': { types: './dist/index.d.ts', default: './dist/gone.js' } }),
    ...files
  })
  expect((await contentProblems(missing)).join()).toContain('gone.js')
})

test('examples: a promised number that is not printed, or printed out of order, is noticed', () => {
  const text = 'console.log(a) // 39 1,024\nconsole.log(b)\n// [0.5, 1.46…]\nconsole.log(c)\n'
  expect(promisedNumbers(text)).toEqual(['39', '1024', '0.5', '1.46…'])
  expect(brokenPromise(text, '39 1024\n[ 0.5, 1.4621 ]\n')).toBeUndefined()
  expect(brokenPromise(text, '39 1024\n[ 0.5, 1.4712 ]\n')).toBe('1.46…')
  expect(brokenPromise(text, '1024 39\n[ 0.5, 1.4621 ]\n')).toBe('1024')
})

test('examples: what does not compile or does not run is noticed', async () => {
  const project = join(folder, 'projects', 'broken')
  mkdirSync(project, { recursive: true })
  const broken = {
    name: 'broken',
    project,
    examples: [
      "import { none } from 'no-such-package'\nconsole.log(none)\n",
      'const text: number = "text"\nconsole.log(text) // 5\n'
    ]
  }
  const types = typeProblems([broken])
  expect(types).toHaveLength(2)
  expect(types[0]).toContain('no-such-package')
  expect(types[1]).toContain("Type 'string' is not assignable")
  const { count, problems } = await runExamples([broken])
  expect(count).toBe(2)
  expect(problems.sort()).toEqual([
    expect.stringContaining('ERR_MODULE_NOT_FOUND'),
    expect.stringContaining('promise 5')
  ])
})

test('a README says what it installs and shows', () => {
  const readme = '```sh\nnpm install --save-dev @a/b c@4\nnpm install d # or e\n```\n```ts\nconst x = 1\n```\n'
  expect(installedBy(readme)).toEqual({ '@a/b': '*', c: '4', d: '*' })
  expect(examplesOf(readme)).toEqual(['const x = 1\n'])
})

test('a changeset that names no package, an unknown one, or says nothing is noticed', () => {
  const waiting = [
    { name: 'a.md', packages: ['skipwise'], text: 'Good.' },
    { name: 'b.md', packages: ['skipwize'], text: 'Bad.' },
    { name: 'c.md', packages: ['skipwise'], text: '' }
  ]
  expect(changesetProblems(waiting, ['skipwise'])).toEqual([
    '.changeset/b.md: there is no package skipwize',
    '.changeset/c.md: names no package or says nothing'
  ])
})

test('the commands of a guide are found with their verbs and options', () => {
  const text =
    '```sh\nnpx skipwise eval passkey --model m --config \'{"--no": 1}\' # --not this\nnpm run --silent skipwise -- extend \\\n  recipe.yaml --json\nnpm install skipwise\n```\n```ts\nskipwise no --code\n```\n'
  expect(commandsOf(text).map(({ verb, options }) => [verb, options])).toEqual([
    ['eval', ['--model', '--config']],
    ['extend', ['--json']]
  ])
})

test('a line of a guide that fails is noticed, one that is listed is not run, and a recipe that it shows is there', () => {
  const page = lines => `\`\`\`yaml\n# recipe.yaml\nmodel: base\n\`\`\`\n\`\`\`sh\n${lines}\n\`\`\`\n`
  expect(runPage('good.md', page('npm install no-such-package\ngrep -q base recipe.yaml\n\ntrue'), folder)).toEqual({
    ran: 2,
    problems: []
  })
  const { ran, problems } = runPage('bad.md', page('true\ngrep other recipe.yaml | cat\ntrue'), folder)
  expect([ran, problems]).toEqual([1, [expect.stringContaining('bad.md: `grep other recipe.yaml | cat` failed')]])
})

test('a package without its declarations is not packed, by any command', () => {
  const project = join(folder, 'unbuilt')
  const script = join(import.meta.dirname, 'prepack.mjs')
  mkdirSync(join(project, 'dist'), { recursive: true })
  const exports = { '.': { types: './dist/index.d.ts', default: './dist/index.js' } }
  writeFileSync(
    join(project, 'package.json'),
    JSON.stringify({ name: 'unbuilt', version: '1.0.0', exports, scripts: { prepack: `node ${script}` } })
  )
  writeFileSync(join(project, 'dist', 'index.js'), '')
  expect(missingFiles(project)).toEqual(['./dist/index.d.ts'])
  const pack = () =>
    execFileSync('npm', ['pack', '--pack-destination', folder], {
      cwd: project,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'pipe']
    })
  expect(pack).toThrow('not packed: ./dist/index.d.ts is missing')
  writeFileSync(join(project, 'dist', 'index.d.ts'), '')
  expect(pack()).toContain('unbuilt-1.0.0.tgz')
})
