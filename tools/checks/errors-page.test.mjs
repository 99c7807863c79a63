import { expect, test } from 'vitest'
import { errorsPage, errorTables } from '../docs/errors-page.mjs'
import { read } from './workspace.mjs'

test('docs/errors.md is current', () => {
  expect(read('docs/errors.md'), 'run `npm run docs` and commit docs/errors.md').toBe(errorsPage())
})

test('a code belongs to one package and looks like one', () => {
  const codes = errorTables().flatMap(table => table.codes.map(({ code }) => code))
  expect(codes.filter(code => !/^[A-Z][A-Z0-9]*(_[A-Z0-9]+)*$/.test(code))).toEqual([])
  expect(codes.filter((code, index) => codes.indexOf(code) !== index)).toEqual([])
  expect(codes.length).toBeGreaterThan(5)
})
