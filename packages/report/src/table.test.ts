import { describe, expect, it } from 'vitest'
import { formatNumber, formatTokens, renderTable } from './index.js'

describe('renderTable', () => {
  const headers = ['model', 'perplexity@512', 'passkey']
  const rows = [
    ['base', 5.31234, '95 %'],
    ['a|b\n`x` <i>', 911, '0 %']
  ] as const

  it('aligns Markdown and escapes what would end a cell', () => {
    expect(renderTable(headers, rows).split('\n')).toEqual([
      '| model                  | perplexity@512 | passkey |',
      '| ---------------------- | -------------: | ------: |',
      '| base                   |          5.312 |    95 % |',
      '| a\\|b\\\\n\\`x\\` &lt;i&gt; |            911 |     0 % |'
    ])
  })

  it('aligns terminal text without control characters', () => {
    expect(
      renderTable(
        headers,
        [
          ['\u001b[31mred', 1, '5 %'],
          ['é', 20000.5, '100 %']
        ],
        'text'
      )
    ).toBe(
      [
        'model        perplexity@512  passkey',
        '───────────  ──────────────  ───────',
        '\\x1b[31mred               1      5 %',
        'é                     20001    100 %'
      ].join('\n')
    )
  })

  it('writes headers alone where there are no rows, and nothing for missing cells', () => {
    expect(renderTable(['a'], [])).toBe('| a   |\n| --- |')
    expect(renderTable(['a', 'b'], [[1]], 'text')).toBe('  a  b\n───  ───\n  1')
  })
})

it('writes numbers', () => {
  expect([0, 512, 5.31234, 0.15, 1234.56, 2.5e7, 0.00001, -3.14159, NaN, Infinity].map(formatNumber)).toEqual([
    '0',
    '512',
    '5.312',
    '0.1500',
    '1235',
    '25000000',
    '1.00e-5',
    '-3.142',
    'NaN',
    'Infinity'
  ])
  expect([256, 1000, 1024, 1536, 3000, 131072, 2 ** 20].map(formatTokens)).toEqual([
    '256',
    '1000',
    '1k',
    '1.5k',
    '3000',
    '128k',
    '1M'
  ])
})
