import { expect, test } from 'vitest'
import { allKeys, keysAt, keysOf, typeText, type JsonSchema } from './json-schema.js'

const named = (keys: readonly { readonly name: string }[]) => keys.map(({ name }) => name)
const map = (properties: Record<string, JsonSchema>, required: string[] = []): JsonSchema => ({
  type: 'object',
  properties,
  required
})
const files = map({ files: { type: 'string' }, weight: { type: 'number', exclusiveMinimum: 0 } }, ['files'])
const schema = map({
  data: { anyOf: [files, { anyOf: [map({ files: { type: 'boolean' }, sources: { type: 'array', items: files } })] }] },
  seed: { type: 'integer', minimum: 0, maximum: Number.MAX_SAFE_INTEGER }
})

test('the keys of a union are those of all its members, each as the first has it', () => {
  const keys = keysOf((schema.properties ?? {})['data'])
  expect(named(keys)).toEqual(['files', 'weight', 'sources'])
  expect(keys[0]).toMatchObject({ required: true, schema: { type: 'string' } })
})

test('keys are found at a path, inside lists and unions, and nowhere else', () => {
  expect(named(keysAt(schema, []))).toEqual(['data', 'seed'])
  expect(named(keysAt(schema, ['data', 'sources', 0]))).toEqual(['files', 'weight'])
  expect(keysAt(schema, ['data', 'sources'])).toEqual([])
  expect(keysAt(schema, ['seed', 'x'])).toEqual([])
})

test('all keys come with their paths', () => {
  expect(named(allKeys(schema))).toEqual([
    'data',
    'data.files',
    'data.weight',
    'data.sources',
    'data.sources[].files',
    'data.sources[].weight',
    'seed'
  ])
})

test.each<[JsonSchema, string, string]>([
  [{ type: 'integer', minimum: 0, maximum: Number.MAX_SAFE_INTEGER }, 'integer ≥ 0', 'integer ≥ 0'],
  [{ type: 'number', minimum: 0, exclusiveMaximum: 1 }, 'number ≥ 0, < 1', 'number ≥ 0, < 1'],
  [{ enum: ['best', 'last'] }, 'best | last', "'best' or 'last'"],
  [
    { type: 'array', items: { anyOf: [{ type: 'string' }, files] } },
    'list of string | { files, weight }',
    'list of string or map'
  ],
  [{ type: 'object' }, 'map', 'map'],
  [{}, 'anything', 'anything'],
  [{ anyOf: [{ type: 'string' }, { type: 'string' }] }, 'string', 'string']
])('the type of %j is %s', (schema, plain, styled) => {
  expect(typeText(schema)).toBe(plain)
  expect(typeText(schema, { or: ' or ', word: value => `'${String(value)}'`, map: () => 'map' })).toBe(styled)
})
