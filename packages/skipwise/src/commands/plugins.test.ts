import type { StandardSchemaV1 } from '@skipwise/core'
import { expect, test } from 'vitest'
import { z } from 'zod'
import { describeOptions } from './plugins.js'
import { defaultRegistry } from '../registry.js'

test('says type, bounds, default and meaning of every option of a zod schema', async () => {
  const schema = z.strictObject({
    chunks: z.int().min(1).default(2).describe('N'),
    content: z.enum(['sampled', 'aligned']).default('sampled'),
    factors: z.array(z.number().positive()),
    files: z.union([z.string(), z.array(z.string())]).optional()
  })
  expect(await describeOptions(schema)).toEqual([
    { name: 'chunks', type: 'integer ≥ 1', required: false, default: 2, description: 'N' },
    { name: 'content', type: 'sampled | aligned', required: false, default: 'sampled' },
    { name: 'factors', type: 'list of number > 0', required: true },
    { name: 'files', type: 'string | list of string', required: false }
  ])
})

test('says the defaults of any other Standard Schema, and nothing of one that needs values', async () => {
  const schema = (validate: (value: unknown) => StandardSchemaV1.Result<object>): StandardSchemaV1 => ({
    '~standard': { version: 1, vendor: 'example', validate }
  })
  expect(await describeOptions(schema(value => ({ value: { factor: 2, ...(value as object) } })))).toEqual([
    { name: 'factor', required: false, default: 2 }
  ])
  expect(await describeOptions(schema(() => ({ issues: [{ message: 'factor is missing' }] })))).toEqual([])
})

test('an option that a plugin names is one that it takes: every default validates', async () => {
  for (const { name, config } of defaultRegistry.list()) {
    const options = await describeOptions(config)
    const defaults = Object.fromEntries(
      options.flatMap(option => ('default' in option ? [[option.name, option.default]] : []))
    )
    const { issues } = await (config as StandardSchemaV1)['~standard'].validate(defaults)
    const missing = new Set(options.filter(({ required }) => required).map(option => option.name))
    expect(
      (issues ?? []).filter(({ path }) => !missing.has(String(path?.[0]))),
      name
    ).toEqual([])
  }
})
