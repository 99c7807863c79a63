import { fc, test } from '@fast-check/vitest'
import { expect } from 'vitest'
import { hashOf, joinHashes, TokenTable } from './token-table.js'

const token = fc.string({ unit: 'binary', maxLength: 6 })

test.prop([fc.array(fc.tuple(token, fc.nat(1000)), { maxLength: 700, size: 'max' })], { numRuns: 30 })(
  'has the ids of a Map',
  entries => {
    const table = new TokenTable()
    for (const [text, id] of entries) table.set(text, id)
    const map = new Map(entries)
    expect(table.size).toBe(map.size)
    for (const [text, id] of map) expect(table.get(text)).toBe(id)
    expect(table.tokens()).toEqual([...map.keys()])
    expect(table.get('not there at all')).toBeUndefined()
  }
)

test.prop([token, token, token])('finds parts where they stand, and two together', (before, left, right) => {
  const table = new TokenTable()
  const text = before + left + right
  for (const each of [left, right, left + right, 'another']) table.set(each, each.length)
  const place = (start: number, end: number) => table.findPart(text, start, end, hashOf(text, start, end))
  const middle = before.length + left.length
  const [first, second] = [place(before.length, middle), place(middle, text.length)]
  expect([table.tokens()[first], table.tokens()[second]]).toEqual([left, right])
  const hash = joinHashes(hashOf(left, 0, left.length), hashOf(right, 0, right.length), right.length)
  expect(hash).toBe(hashOf(left + right, 0, left.length + right.length))
  expect(table.tokens()[table.findJoined(first, second, hash)]).toBe(left + right)
})

test('grows', () => {
  const table = new TokenTable()
  for (let id = 0; id < 5000; id++) table.set(`token ${id}`, id)
  expect([table.size, table.get('token 4999'), table.get('token 0')]).toEqual([5000, 4999, 0])
})

test('refuses tokens that are made to collide, instead of taking their square of time', () => {
  const blocks = [String.fromCharCode(0x100, 0x1000, 0x100), String.fromCharCode(0x102, 0x1000 - 844, 0x100 + 15_314)]
  expect(hashOf(blocks[0], 0, 3)).toBe(hashOf(blocks[1], 0, 3))
  const table = new TokenTable()
  const word = (i: number) => Array.from({ length: 13 }, (_, bit) => blocks[(i >> bit) & 1]).join('')
  expect(() => {
    for (let id = 0; id < 1 << 13; id++) table.set(word(id), id)
  }).toThrow(RangeError)
})
