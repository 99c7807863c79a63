import { fc, test } from '@fast-check/vitest'
import { expect } from 'vitest'
import { duplicateKey } from './duplicate-key.js'

test.each([
  ['{"a":1,"a":2}', 'a'],
  ['{ "a" : 1 , "b" : { "c":1,\n"c"\t:2 } }', 'c'],
  ['[{"a":1},{"a":1,"\\u0061":2}]', 'a'],
  ['{"a\\"b":1,"a\\"b":2}', 'a"b'],
  ['{"a\\\\":1,"a\\\\":2}', 'a\\'],
  ['{"":1,"":2}', ''],
  [`{${Array.from({ length: 20 }, (_, i) => `"k${i}":{}`).join()},"k3":1}`, 'k3'],
  ['{"__proto__":1,"__proto__":2}', '__proto__']
])('%s has a key twice', (json, key) => {
  expect(duplicateKey(json)).toBe(key)
})

test.each([
  '{}',
  '[]',
  '"a"',
  '1',
  '{"a":"a","b":"a"}',
  '{"a":{"a":{"a":1}}}',
  '{"a":["a","a"],"b":[{"a":1},{"a":1}]}',
  '{"a":"{\\"b\\":1,\\"b\\":2}"}',
  '{"{":1,"}":{"{":1}}'
])('%s has none', json => {
  expect(duplicateKey(json)).toBeUndefined()
})

test.prop([fc.jsonValue()])('what JSON.stringify gives has none, indented or not', value => {
  expect(duplicateKey(JSON.stringify(value))).toBeUndefined()
  expect(duplicateKey(JSON.stringify(value, null, 2))).toBeUndefined()
})

test.prop([fc.string()])('any text ends', text => {
  expect(() => duplicateKey(text)).not.toThrow(RangeError)
})
