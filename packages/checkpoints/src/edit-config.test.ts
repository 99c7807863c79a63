import { isSkipwiseError } from '@skipwise/core'
import { fc, test as property } from '@fast-check/vitest'
import { describe, expect, test } from 'vitest'
import { editConfigText } from './index.js'

const file = `{
 "model_type": "gemma2",
 "final_logit_softcapping": 30.0,
 "big": 123456789012345678901234567890,
 "eps": 1e-05,
 "nested": {"b": 1.0, "a": [1.0, 2]},
 "rope_theta": 10000,
 "rope_scaling": {"type": "yarn", "factor": 8, "beta_fast": 32, "mscale": 0.70}
}
`

describe('what does not change stays as it is written', () => {
  test('without changes nothing does', () => expect(editConfigText(file, { path: [], keys: {} })).toBe(file))
  test('nor where a value is the same in another spelling, or what is to go is not there', () => {
    expect(editConfigText(file, { path: [], keys: { rope_theta: 10000, eps: 0.00001, absent: undefined } })).toBe(file)
  })
  test('a changed value, in its place; numbers of the old one in their spelling, but a factor is a float', () => {
    const rope_scaling = { type: 'yarn', factor: 8, beta_fast: 32, mscale: 0.7, attention_factor: 1 }
    expect(editConfigText(file, { path: [], keys: { rope_scaling } })).toBe(
      file.replace(
        '{"type": "yarn", "factor": 8, "beta_fast": 32, "mscale": 0.70}',
        '{\n  "type": "yarn",\n  "factor": 8.0,\n  "beta_fast": 32,\n  "mscale": 0.70,\n  "attention_factor": 1.0\n }'
      )
    )
  })
  test('new keys come last, removed ones take their line with them', () => {
    const edited = editConfigText(file, {
      path: [],
      keys: { rope_scaling: undefined, rope_theta: undefined, rope_parameters: { factor: 2 } }
    })
    const [kept] = file.split(' "rope_theta"')
    expect(edited).toBe(`${kept} "rope_parameters": {\n  "factor": 2.0\n }\n}\n`)
  })
  test('inside a part of the file', () => {
    const text = '{\n\t"text_config": {\n\t\t"a": 1.0\n\t},\n\t"z": 0.0\n}'
    expect(editConfigText(text, { path: ['text_config'], keys: { rope_theta: 1e6 } })).toBe(
      '{\n\t"text_config": {\n\t\t"a": 1.0,\n\t\t"rope_theta": 1000000.0\n\t},\n\t"z": 0.0\n}'
    )
  })
  test('a file on one line stays on one, line ends of Windows stay', () => {
    expect(editConfigText('{"a": 1.0, "b": 2}', { path: [], keys: { c: { d: [1, 2] } } })).toBe(
      '{"a": 1.0, "b": 2, "c": {"d": [1, 2]}}'
    )
    expect(editConfigText('{\r\n  "a": 1.0\r\n}\r\n', { path: [], keys: { c: true } })).toBe(
      '{\r\n  "a": 1.0,\r\n  "c": true\r\n}\r\n'
    )
  })
  test('an empty object', () => {
    expect(editConfigText('{}', { path: [], keys: { a: 1 } })).toBe('{"a": 1}')
    expect(editConfigText('{ }\n', { path: [], keys: { a: undefined } })).toBe('{}\n')
    expect(editConfigText('{"a": 1}\n', { path: [], keys: { a: undefined } })).toBe('{}\n')
  })
  test('a key that stood twice stands once: the last one counted', () => {
    expect(JSON.parse(editConfigText('{"a": 1, "b": 2, "a": 3}', { path: [], keys: { b: 4 } }))).toEqual({ a: 3, b: 4 })
    expect(editConfigText('{"a": 1, "b": 2, "a": 3}', { path: [], keys: { a: undefined } })).toBe('{"b": 2}')
  })
  test('escaped keys and strings that look like members', () => {
    expect(editConfigText('{"\\u0061": "\\"b\\": 1, }", "c": 1.0}', { path: [], keys: { a: 'x' } })).toBe(
      '{"\\u0061": "x", "c": 1.0}'
    )
  })
  test('an object that is not there', () => {
    expect(() => editConfigText('{"a": 1}', { path: ['a'], keys: { b: 1 } })).toThrow('MODEL_CONFIG_INVALID')
    expect(() => editConfigText('{"a": {}}', { path: ['b'], keys: { b: 1 } })).toThrow('MODEL_CONFIG_INVALID')
  })
  test('nesting of any depth, and keys of megabytes', () => {
    const deep = `${'{"a":'.repeat(100_000)}1.0${'}'.repeat(100_000)}`
    const long = 'k'.repeat(5_000_000)
    const text = `{"x": ${deep}, "${long}": 1.0, "y": 2.0}`
    expect(editConfigText(text, { path: [], keys: { y: 3 } })).toBe(`{"x": ${deep}, "${long}": 1.0, "y": 3}`)
  })
})

describe('any file', () => {
  const keys = fc.constantFrom('a', 'b', 'rope_theta', 'rope_scaling', '__proto__', 'text', '"', '\\')
  const object = fc.dictionary(keys, fc.jsonValue({ maxDepth: 3 }), { noNullPrototype: true })
  const changes = fc.array(
    fc.tuple(
      fc.constantFrom('a', 'b', 'c', 'rope_scaling'),
      fc.option(fc.jsonValue({ maxDepth: 2 }), { nil: undefined })
    ),
    { maxLength: 4 }
  )
  property.prop([object, changes, fc.constantFrom(undefined, 1, 2, '\t')], { numRuns: 2000 })(
    'means what it is to mean afterwards',
    (made, changed, indent) => {
      const text = JSON.stringify(made, null, indent)
      const expected: Record<string, unknown> = JSON.parse(text)
      const edit = Object.fromEntries(changed)
      for (const [key, value] of Object.entries(edit)) {
        if (value === undefined) delete expected[key]
        else expected[key] = value
      }
      expect(JSON.parse(editConfigText(text, { path: [], keys: edit }))).toEqual(JSON.parse(JSON.stringify(expected)))
    }
  )
  property.prop([fc.string({ maxLength: 40 }), fc.constantFrom(0, 1, 2, 3)], { numRuns: 2000 })(
    'a text that is no file gives a text or a coded error',
    (noise, at) => {
      const text = ['{"a": 1,', ' "b": {"c": 2.0}', '}', ''].toSpliced(at, 0, noise).join('')
      try {
        expect(typeof editConfigText(text, { path: [], keys: { b: 1 } })).toBe('string')
      } catch (error) {
        if (!isSkipwiseError(error) && !(error instanceof SyntaxError)) throw error
      }
    }
  )
})
