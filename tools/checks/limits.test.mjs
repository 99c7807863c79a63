import { expect, test } from 'vitest'
import { limitFiles, limitsTable, rowsOf } from '../docs/limits-table.mjs'
import { read } from './workspace.mjs'

test('docs/security.md has the limits of the code', async () => {
  expect(read('docs/security.md'), 'run `npm run docs` and commit it').toContain(
    `<!-- limits -->\n\n${await limitsTable()}\n`
  )
})

test('every file of limits is a part of it, and a number that changes changes the table', async () => {
  expect(limitFiles()).toContain('packages/report/src/limits.ts')
  const path = 'packages/report/src/limits.ts'
  const text = read(path)
  const changed = text.replace('export const ROWS_SHOWN = 1000', 'export const ROWS_SHOWN = 1001')
  expect(changed).not.toBe(text)
  expect(await rowsOf(changed, path)).not.toEqual(await rowsOf(text, path))
})

test('a row without its three texts, and a file that imports, are refused', async () => {
  await expect(rowsOf("export const limits = [{ what: 'a', bound: 1, then: 'c' }]", 'a.ts')).rejects.toThrow(
    'not { what, bound, then }'
  )
  await expect(
    rowsOf("import { A } from './a.js'\nexport const limits = [{ what: 'a', bound: A, then: 'c' }]", 'a.ts')
  ).rejects.toThrow('imports nothing')
})
