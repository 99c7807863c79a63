import { fc, test } from '@fast-check/vitest'
import { describe, expect } from 'vitest'
import { capacityFor, chunkLength, chunksBetween, chunksOf, SHORTEST } from './chunks.js'

describe('chunks', () => {
  test('keep scores under 256 MB at any capacity', () => {
    expect(chunkLength(512, 4096, 32)).toBe(512)
    expect(chunkLength(512, 131072, 32)).toBe(16)
    expect(chunkLength(512, 131072, 4)).toBe(128)
    expect(chunkLength(512, 2 ** 24, 128)).toBe(1)
  })

  test.prop([fc.integer({ min: 1, max: 200_000 }), fc.constantFrom(1, 8, 64, 512), fc.integer({ min: 1, max: 64 })])(
    'cover every token once, and stay inside the cache with their padding',
    (tokens, chunk, heads) => {
      const capacity = capacityFor(tokens, chunk)
      const length = chunkLength(chunk, capacity, heads)
      const chunks = chunksOf(tokens, length)
      const isCut = chunks.every(({ begin, end }, i) => begin === (chunks[i - 1]?.end ?? 0) && end > begin)
      const fits = chunks.every(
        ({ begin, end, length }) =>
          end - begin <= length && begin + length <= capacity && 4 * heads * length * capacity <= 2 ** 28
      )
      expect([isCut, fits, chunks.at(-1)?.end]).toEqual([true, true, tokens])
    }
  )

  test.prop([fc.nat({ max: 3000 }), fc.nat({ max: 3000 }), fc.constantFrom(1, 8, 64, 512)])(
    'from any token on do the same',
    (begin, tokens, length) => {
      const end = begin + tokens
      const capacity = capacityFor(end + SHORTEST, length)
      const chunks = chunksBetween(begin, end, length, capacity)
      const isCut = chunks.every((chunk, i) => chunk.begin === (chunks[i - 1]?.end ?? begin) && chunk.end > chunk.begin)
      const fits = chunks.every(
        chunk =>
          chunk.end - chunk.begin <= chunk.length && chunk.length <= length && chunk.begin + chunk.length <= capacity
      )
      expect([isCut, fits, chunks.at(-1)?.end ?? end]).toEqual([true, true, end])
    }
  )
})
