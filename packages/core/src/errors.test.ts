import { describe, expect, test } from 'vitest'
import { coreErrorCodes, isSkipwiseError, SkipwiseError, SkipwiseErrors } from './errors.js'

const truncated = new SkipwiseError('CHECKPOINT_TRUNCATED', {
  problem: 'model.safetensors ends at byte 1024 of 4096',
  fix: 'download the file again'
})
const unknownKey = new SkipwiseError('RECIPE_KEY', {
  problem: "line 3: there is no key 'windw'",
  fix: "write 'window'"
})

describe('SkipwiseError', () => {
  test('reads CODE: problem: fix, and keeps the three', () => {
    expect(truncated.message).toBe(
      'CHECKPOINT_TRUNCATED: model.safetensors ends at byte 1024 of 4096: download the file again'
    )
    expect(truncated).toMatchObject({
      name: 'SkipwiseError',
      code: 'CHECKPOINT_TRUNCATED',
      problem: 'model.safetensors ends at byte 1024 of 4096',
      fix: 'download the file again'
    })
    expect(truncated).toBeInstanceOf(Error)
  })

  test('has a cause only when it was given one', () => {
    const cause = new Error('ENOSPC')
    expect(new SkipwiseError('A', { problem: 'p', fix: 'f', cause }).cause).toBe(cause)
    expect('cause' in truncated).toBe(false)
  })
})

describe('isSkipwiseError', () => {
  test('knows the errors of this copy and of any other', () => {
    // what a second install of this package would make: an error of another class with the same registered symbol
    const copy = Object.assign(new Error('A: b: c'), { [Symbol.for('skipwise.error')]: true })
    expect([truncated, new SkipwiseErrors([truncated]), copy].map(isSkipwiseError)).toEqual([true, true, true])
  })

  test.each([
    [new Error('A: b: c')],
    [{ code: 'A', problem: 'b', fix: 'c' }],
    ['A: b: c'],
    [null],
    [undefined],
    [() => truncated]
  ])('does not know %s', value => {
    expect(isSkipwiseError(value)).toBe(false)
  })
})

describe('SkipwiseErrors', () => {
  test('says every problem with its own code and fix', () => {
    const both = new SkipwiseErrors([truncated, unknownKey])
    expect(both.errors).toEqual([truncated, unknownKey])
    expect(both.code).toBe('CHECKPOINT_TRUNCATED')
    for (const { code, problem, fix } of both.errors)
      for (const part of [code, problem, fix]) expect(both.message).toContain(part)
    expect(both.problem.split('\n')).toHaveLength(2)
    expect(both.fix).toBe('fix the 2 problems above')
  })

  test('of one error reads as that error', () => {
    expect(new SkipwiseErrors([unknownKey]).message).toBe(unknownKey.message)
  })
})

test('codes are upper case with underscores, and each says a sentence', () => {
  for (const [code, meaning] of Object.entries(coreErrorCodes)) {
    expect(code).toMatch(/^[A-Z]+(_[A-Z]+)+$/)
    expect(meaning).toMatch(/^[A-Z].*\.$/)
  }
})
