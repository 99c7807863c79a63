import type { Chart } from '@skipwise/core'
import { expect, test } from 'vitest'
import { chartTable } from './report.js'

const chart = (id: string, percent: boolean, names: readonly string[]): Chart => ({
  id,
  title: id,
  description: id,
  x: { label: 'x', scale: 'log' },
  y: { label: 'y', scale: 'linear', ...(percent && { percent }) },
  series: names.map((name, i) => ({
    name,
    points: [
      [256, 0.5 + i / 4],
      [512, 0.25]
    ]
  }))
})

test('charts of several models become one table by length', () => {
  expect(chartTable([chart('perplexity', false, ['base', 'extended']), chart('passkey', true, ['base'])], 256)).toEqual(
    {
      headers: ['length', '× window', 'perplexity, base', 'perplexity, extended', 'passkey'],
      rows: [
        [256, '1×', 0.5, 0.75, '50 %'],
        [512, '2×', 0.25, 0.25, '25 %']
      ]
    }
  )
})
