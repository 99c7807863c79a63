// The recipe keys and identifiers that the section "Names" of docs/architecture.md names exist.
import { yarn } from '@skipwise/interpolation'
import { pose } from '@skipwise/position-transforms'
import { expect, test } from 'vitest'
import { z } from 'zod'
import { allKeys } from '../../packages/experiment/src/json-schema.ts'
import { sources } from './cycles.mjs'
import { read, readJson } from './workspace.mjs'

const section = read('docs/architecture.md').split('## Names')[1].split('\n## ')[0]
const rows = section
  .split('\n')
  .filter(line => /^\| (?!symbol)/.test(line))
  .map(line => line.split('|').slice(1, -1))
const named = column => rows.flatMap(row => [...row[column].matchAll(/`([\w.]+)`/g)].map(([, name]) => name))

const keysOf = (schema, prefix) => allKeys(schema, prefix).map(({ name }) => name)

const keys = new Set([
  ...keysOf(readJson('packages/experiment/recipe.schema.json')),
  ...keysOf(z.toJSONSchema(pose.config, { io: 'input' }), 'positions.pose.'),
  ...keysOf(z.toJSONSchema(yarn.config, { io: 'input' }), 'interpolation.yarn.')
])
const code = [...sources().values()].join('\n')

const isMember = name => {
  const [type, member] = name.split('.')
  const body = new RegExp(`export interface ${type}\\b[^{]*\\{([\\s\\S]*?)\\n\\}`).exec(code)?.[1] ?? ''
  return new RegExp(`^  (readonly )?${member}\\b`, 'm').test(body)
}

test.each(named(2))('a recipe may have %s', key => expect(keys).toContain(key))
test.each(named(3))('the code has %s', name => expect(isMember(name)).toBe(true))
test('the table is read, and what is not there is noticed', () => {
  expect(rows.length).toBeGreaterThan(15)
  expect(keys).not.toContain('window.length')
  expect(isMember('Window.length')).toBe(false)
})
