import type { StandardSchemaV1 } from '@standard-schema/spec'
import { describe, expect, test } from 'vitest'
import { validate } from './validate.js'

const schema = (validateValue: StandardSchemaV1.Props['validate']): StandardSchemaV1 => ({
  '~standard': { version: 1, vendor: 'test', validate: validateValue }
})

describe('validate', () => {
  test('returns what the schema made of the value', () => {
    expect(
      validate(
        schema(value => ({ value: { ...(value as object), factor: 8 } })),
        { base: 1e4 },
        'CODE',
        'scheme'
      )
    ).toEqual({ base: 1e4, factor: 8 })
  })

  test('names every wrong key by its path, with the code asked for', () => {
    const bad = schema(() => ({
      issues: [
        { message: 'expected a number', path: ['window', { key: 'target' }] },
        { message: 'unknown key', path: ['evaluate', 0, 'wndows'] },
        { message: 'is not an object' }
      ]
    }))
    expect(() => validate(bad, {}, 'RECIPE_INVALID', 'recipe.yaml')).toThrow(
      'RECIPE_INVALID: recipe.yaml: window.target: expected a number; evaluate.0.wndows: unknown key; is not an object: correct these keys'
    )
  })

  test('refuses a schema that answers later', () => {
    expect(() =>
      validate(
        schema(async value => ({ value })),
        {},
        'PLUGIN_CONFIG',
        "interpolation 'x'"
      )
    ).toThrow("PLUGIN_CONFIG: the schema of interpolation 'x' is asynchronous")
  })
})
