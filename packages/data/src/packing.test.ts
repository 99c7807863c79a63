import { fc, test } from '@fast-check/vitest'
import { expect } from 'vitest'
import { packRows } from './packing.js'

test('fills rows with whole documents, in order where it can', () => {
  expect(packRows([4, 4, 3, 5, 2], 8)).toEqual([[0, 1], [2, 3], [4]])
  expect(packRows([5, 3, 6, 2], 8)).toEqual([
    [0, 1],
    [2, 3]
  ])
  expect(packRows([9, 8, 1], 8)).toEqual([[0], [1], [2]])
  expect(packRows([], 8)).toEqual([])
})

test.prop([fc.array(fc.integer({ min: 1, max: 40 }), { maxLength: 300 })])(
  'holds every document once, and no row more than its capacity but for a long document alone',
  lengths => {
    const rows = packRows(lengths, 32)
    expect(rows.flat().sort((a, b) => a - b)).toEqual([...lengths.keys()])
    for (const row of rows)
      if (row.length > 1) expect(row.reduce((sum, index) => sum + lengths[index], 0)).toBeLessThanOrEqual(32)
  }
)

test.prop([fc.array(fc.integer({ min: 1, max: 8 }), { minLength: 500, maxLength: 800 })])(
  'wastes little: short documents fill nine rows of ten to the last tokens',
  lengths => {
    const rows = packRows(lengths, 32)
    const tokens = lengths.reduce((a, b) => a + b)
    expect(tokens / (32 * rows.length)).toBeGreaterThan(0.9)
  }
)
