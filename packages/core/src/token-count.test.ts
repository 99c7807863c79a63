import { fc, test as property } from '@fast-check/vitest'
import { expect, test } from 'vitest'
import { readTokenCount } from './token-count.js'

test('reads digits, and k as 1,024 in either letter case', () => {
  expect(['0', '2048', '2k', '2K', '128k', '1024k'].map(readTokenCount)).toEqual([0, 2048, 2048, 2048, 131072, 1048576])
})

test.each(['', 'k', '2 k', ' 2k', '2k ', '2kk', '1.5k', '-2k', '+2k', '2M', '2kb', '0x10', '1e3', '2k\n', '٢k'])(
  'does not read %j',
  text => {
    expect(readTokenCount(text)).toBeUndefined()
  }
)

test('reads no number that is too large to be exact', () => {
  expect(readTokenCount('999999999999k')).toBe(999999999999 * 1024)
  expect(['9999999999999k', '9999999999999999'].map(readTokenCount)).toEqual([undefined, undefined])
})

property.prop([fc.nat(1e9)])('n and n k differ by 1,024', n => {
  expect(readTokenCount(String(n))).toBe(n)
  expect(readTokenCount(`${n}k`)).toBe(1024 * n)
})
