// What users read is plain English: docs/contributing.md has the glossary.
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { literalsOf, offendersIn, proseOf } from './plain-words.mjs'
import { packages, read, root } from './workspace.mjs'

const guides = readdirSync(join(root, 'docs'))
  .filter(name => name.endsWith('.md'))
  .map(name => `docs/${name}`)
const readmes = ['README.md', ...packages.map(({ folder }) => `${folder}/README.md`)]

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

test.each([...guides, ...readmes])('the prose of %s', file => expect(offendersIn(proseOf(textOf(file)))).toEqual([]))

test('the texts in the sources', () => {
  const found = sources.flatMap(file => offendersIn(literalsOf(read(file))).map(problem => `${file}, ${problem}`))
  expect(found).toEqual([])
  expect(sources.length).toBeGreaterThan(300)
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
    ['there is no list', 0],
    ['it is no longer one', 0],
    ['a * stands for any text', 0],
    ['next to it, again and again', 0]
  ])('%s: %i', (text, count) => expect(offendersIn(text)).toHaveLength(count))

  test('reads literals and templates, and no comments', () => {
    const source = "// beside\nconst a = 'beside'\nconst b = `beside ${a} behind`\n"
    expect(offendersIn(literalsOf(source)).map(problem => problem.slice(0, 6))).toEqual(['line 2', 'line 3', 'line 3'])
  })

  test('reads prose, and no code', () => {
    expect(offendersIn(proseOf('beside\n```ts\nbeside\n```\nanew\n'))).toHaveLength(2)
  })
})
