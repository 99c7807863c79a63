import { validate } from '@skipwise/core'
import { expect, test } from 'vitest'
import { z } from 'zod'
import { tokenCount, withTokenCounts } from './token-count.js'

const schema = z.strictObject({
  lengths: z.array(tokenCount(1)),
  stride: tokenCount(1).optional(),
  prompt: z.string().optional()
})

test('a length may be written with k, and is the number', () => {
  expect(validate(schema, { lengths: ['2k', 4096, '128K'] }, 'EVAL_SUITES', 'it').lengths).toEqual([2048, 4096, 131072])
})

test.each([['2q'], ['0k'], [1.5], [true], ['2048'], [null]])('refuses %j and says what is right', wrong => {
  expect(() => validate(schema, { lengths: [wrong] }, 'EVAL_SUITES', 'it')).toThrow(
    /it: lengths\.0: expected a whole number of at least 1, or one with k, as 2k for 2,048/
  )
})

test('a configuration gets the numbers of its lengths, and keeps texts that are none', () => {
  const given = { name: 'it', config: { lengths: ['2k', 5], stride: '1k', prompt: '2k' } }
  expect(withTokenCounts(given, schema)).toEqual({
    name: 'it',
    config: { lengths: [2048, 5], stride: 1024, prompt: '2k' }
  })
  expect(withTokenCounts({ name: 'it', config: { lengths: ['2q'] } }, schema).config).toEqual({ lengths: ['2q'] })
})
