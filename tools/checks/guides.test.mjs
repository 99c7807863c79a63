import { expect, test } from 'vitest'
import { embedded, guides } from '../docs/embed-examples.mjs'
import { read } from './workspace.mjs'

test.each(guides())('the examples in docs/%s are the files that CI compiles and runs', name => {
  const text = read(`docs/${name}`)
  expect(text, 'run `npm run docs` and commit it').toBe(embedded(text))
})

test('an example that differs from its file is noticed', () => {
  expect(guides()).toContain('write-a-plugin.md')
  const text = read('docs/write-a-plugin.md')
  const changed = text.replace('export const cosine', 'export const sine')
  expect(changed).not.toBe(text)
  expect(embedded(changed)).toBe(text)
})
