import { expect, test } from 'vitest'
import { errorsPage, errorTables, misuseCodes, readmesWithErrors } from '../docs/errors-page.mjs'
import { read } from './workspace.mjs'

test('docs/errors.md is current', () => {
  expect(read('docs/errors.md'), 'run `npm run docs` and commit docs/errors.md').toBe(errorsPage())
})

test.each(readmesWithErrors())('the error codes of $path are current', ({ path, text }) => {
  expect(read(path), 'run `npm run docs` and commit the READMEs').toBe(text)
})

test('a code belongs to one package and looks like one', () => {
  const codes = errorTables().flatMap(table => table.codes.map(({ code }) => code))
  expect(codes.filter(code => !/^[A-Z][A-Z0-9]*(_[A-Z0-9]+)*$/.test(code))).toEqual([])
  expect(codes.filter((code, index) => codes.indexOf(code) !== index)).toEqual([])
  expect(codes.length).toBeGreaterThan(5)
})

test('every code of misuse is one of a package, and each package has its codes sorted into misuse and failure', () => {
  const codes = errorTables().flatMap(table => table.codes.map(({ code }) => code))
  const misuse = misuseCodes()
  expect(misuse.length).toBeGreaterThan(20)
  expect(misuse.filter(code => !codes.includes(code))).toEqual([])
  // what a family of codes is about decides, so that a new one is not forgotten
  const written = /^(RECIPE|PLUGIN|EVAL|CLI_(USAGE|CONFIG|OUTPUT))|_OPTIONS$|^MODEL_.*NOT_FOUND$|_REFERENCE$/
  expect(codes.filter(code => written.test(code) && !misuse.includes(code))).toEqual([])
  expect(
    misuse.filter(code => /FAILED|DAMAGED|TRUNCATED|FULL|INTERRUPTED|INTERNAL|MEMORY|UNAVAILABLE/.test(code))
  ).toEqual([])
})
