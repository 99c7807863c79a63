import { SkipwiseError } from '@skipwise/core'
import { expect, test } from 'vitest'
import { codeOf } from './code-of.js'

test('is the code thrown, or undefined; other errors pass through', () => {
  const fail = (error: Error) => () => {
    throw error
  }
  expect(codeOf(fail(new SkipwiseError('A_CODE', { problem: 'p', fix: 'f' })))).toBe('A_CODE')
  expect(codeOf(() => 1)).toBeUndefined()
  expect(() => codeOf(fail(new TypeError('a bug')))).toThrow(TypeError)
})
