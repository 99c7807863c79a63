import { expect, expectTypeOf, test } from 'vitest'
import { withoutUndefined } from './without-undefined.js'

test('leaves out keys that are undefined, and keeps the order and all other values', () => {
  const given = { b: 1, absent: undefined, a: null, zero: 0, empty: '', no: false }
  expect(JSON.stringify(Object.entries(withoutUndefined(given)))).toBe(
    JSON.stringify([
      ['b', 1],
      ['a', null],
      ['zero', 0],
      ['empty', ''],
      ['no', false]
    ])
  )
  expect('absent' in withoutUndefined(given)).toBe(false)
})

test('has a type in which a key that may be undefined may be absent', () => {
  const depth: number | undefined = Math.random() < 2 ? undefined : 1
  expectTypeOf(withoutUndefined({ tokens: 1, depth })).branded.toEqualTypeOf<{ tokens: number; depth?: number }>()
})
