import { fc, test } from '@fast-check/vitest'
import { expect } from 'vitest'
import { hashOf, joinHashes, TokenTable } from './token-table.js'

const unitsOf = (text: string) => Uint16Array.from({ length: text.length }, (_, i) => text.charCodeAt(i))
const textsOf = (table: TokenTable) => Array.from({ length: table.size }, (_, at) => table.textAt(at))
const hash = (text: string) => hashOf(unitsOf(text), 0, text.length)
const token = fc.string({ unit: 'binary', maxLength: 6 })

test.prop([fc.array(fc.tuple(token, fc.nat(1000)), { maxLength: 700, size: 'max' })], { numRuns: 30 })(
  'has the ids of a Map',
  entries => {
    const table = new TokenTable()
    for (const [text, id] of entries) table.set(text, id)
    const map = new Map(entries)
    expect(table.size).toBe(map.size)
    for (const [text, id] of map) expect(table.get(text)).toBe(id)
    expect(textsOf(table)).toEqual([...map.keys()])
    expect(table.get('not there at all')).toBeUndefined()
  }
)

test.prop([token, token, token])('finds parts where they stand, and two together', (before, left, right) => {
  const table = new TokenTable()
  const text = before + left + right
  for (const each of [left, right, left + right, 'another']) table.set(each, each.length)
  const middle = before.length + left.length
  const first = table.findText(text, before.length, middle)
  const second = table.findText(text, middle, text.length)
  expect([table.textAt(first), table.textAt(second)]).toEqual([left, right])
  const units = unitsOf(text)
  expect(table.find(units, before.length, middle, hashOf(units, before.length, middle))).toBe(first)
  expect(joinHashes(hash(left), hash(right), right.length)).toBe(hash(left + right))
  expect(table.textAt(table.findJoined(first, second))).toBe(left + right)
})

test('finds two long ones together', () => {
  const table = new TokenTable()
  const [left, right] = ['ab'.repeat(300), 'ba'.repeat(5000)]
  for (const each of [left, right, left + right, right + left]) table.set(each, each.length)
  expect(table.textAt(table.findJoined(0, 1))).toBe(left + right)
  expect(table.textAt(table.findJoined(1, 0))).toBe(right + left)
  expect(table.findJoined(0, 0)).toBe(-1)
})

test('grows', () => {
  const table = new TokenTable()
  for (let id = 0; id < 5000; id++) table.set(`token ${id}`, id)
  expect([table.size, table.get('token 4999'), table.get('token 0')]).toEqual([5000, 4999, 0])
})

test('refuses tokens that are made to collide, instead of taking their square of time', () => {
  const blocks = [String.fromCharCode(0x100, 0x1000, 0x100), String.fromCharCode(0x102, 0x1000 - 844, 0x100 + 15_314)]
  expect(hash(blocks[0])).toBe(hash(blocks[1]))
  const table = new TokenTable()
  const word = (i: number) => Array.from({ length: 13 }, (_, bit) => blocks[(i >> bit) & 1]).join('')
  expect(() => {
    for (let id = 0; id < 1 << 13; id++) table.set(word(id), id)
  }).toThrow(RangeError)
})
