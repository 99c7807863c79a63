import { expect, it } from 'vitest'
import { rememberPieces } from './remember-pieces.js'

it('encodes a piece once while it is among the last, and gives its ids each time', () => {
  const encoded: string[] = [], encode = rememberPieces(piece => (encoded.push(piece), [piece.length]))
  expect([encode('ab'), encode('abc'), encode('ab')]).toEqual([[2], [3], [2]])
  expect(encoded).toEqual(['ab', 'abc'])
  for (let i = 0; i < 5000; i++) encode(`piece ${i}`)
  encode('ab')
  expect(encoded.filter(piece => piece === 'ab')).toHaveLength(2)
})
