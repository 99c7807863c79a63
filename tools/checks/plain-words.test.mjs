// What users read is plain English: docs/contributing.md has the glossary.
import { execFileSync } from 'node:child_process'
import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { offendersIn, proseOf, textsOf } from './plain-words.mjs'
import { packages, read, root } from './workspace.mjs'

/** READMEs, guides, decisions, changesets and reports. */
const pages = execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard', '*.md'], {
  cwd: root,
  encoding: 'utf8'
})
  .trim()
  .split('\n')
  .filter(page => existsSync(join(root, page)))

/** Prompts that a model is given are not ours to polish: figures depend on every letter of them. */
const PROMPTS = /eval-(retrieval|benchmarks)\/src\/(tasks|formats)\/|passkey-document\.ts$/

const sources = packages.flatMap(({ folder }) =>
  readdirSync(join(root, folder, 'src'), { recursive: true, encoding: 'utf8' })
    .filter(name => /\.ts$/.test(name) && !/\.test\.ts$/.test(name))
    .map(name => `${folder}/src/${name}`)
    .filter(file => !PROMPTS.test(file))
)

/** The glossary of contributing.md has the words that it replaces in its table. */
const textOf = file => (file === 'docs/contributing.md' ? read(file).replace(/^\|.*$/gm, '') : read(file))

test('the prose of all Markdown', () => {
  const found = pages.flatMap(file => offendersIn(proseOf(textOf(file))).map(problem => `${file}, ${problem}`))
  expect(found).toEqual([])
  const covered = ['README.md', 'docs/training.md', 'docs/adr/0001-toolchain.md', 'packages/core/README.md']
  expect(pages).toEqual(expect.arrayContaining(covered))
})

const tools = readdirSync(join(root, 'tools'), { recursive: true, encoding: 'utf8' })
  .filter(name => /\.(ts|mjs)$/.test(name) && !/node_modules|fixtures|plain-words/.test(name))
  .map(name => `tools/${name}`)

test('the messages of the sources, and the comments of sources and tools', () => {
  const found = [...sources, ...tools].flatMap(file => {
    const { literals, comments } = textsOf(read(file))
    const problems = [...(sources.includes(file) ? offendersIn(literals) : []), ...offendersIn(comments)]
    return problems.map(problem => `${file}, ${problem}`)
  })
  expect(found).toEqual([])
  expect(sources.length).toBeGreaterThan(300)
  expect(tools.length).toBeGreaterThan(100)
})

describe('the check itself', () => {
  test.each([
    ['a comma stands behind it', 2],
    ['it is no list', 1],
    ['lists are no maps', 1],
    ['drawn anew', 1],
    ['this is told in the guide', 1],
    ['mend it', 1],
    ['permanent for ever', 1],
    ['Beside it', 1],
    ['There is no list', 0],
    ['there is no list', 0],
    ['it is no longer one', 0],
    ['a * stands for any text', 0],
    ['next to it, again and again', 0]
  ])('%s: %i', (text, count) => expect(offendersIn(text)).toHaveLength(count))

  test('reads literals and templates, and no comments', () => {
    const source = "// beside\nconst a = 'beside'\nconst b = `beside ${a} behind`\n"
    expect(offendersIn(textsOf(source).literals).map(problem => problem.slice(0, 6))).toEqual([
      'line 2',
      'line 3',
      'line 3'
    ])
  })

  test('reads comments of every form, and neither texts nor expressions', () => {
    const source = [
      '/** anew',
      ' * beside */',
      'const a = "/* mend */" // behind',
      'const b = /\\/\\/ for ever/',
      'f(/* is no list */) // there is no list'
    ].join('\n')
    const lines = offendersIn(textsOf(source).comments).map(problem => problem.slice(0, 6))
    expect(lines).toEqual(['line 1', 'line 2', 'line 3', 'line 5'])
  })

  test('reads prose, and no code', () => {
    expect(offendersIn(proseOf('beside\n```ts\nbeside\n```\nanew\n'))).toHaveLength(2)
  })
})
