import type { BarChart, Chart, HeatMapChart, LineChart } from '@skipwise/core'
import { fc } from '@fast-check/vitest'
import type { Report } from '../src/index.js'

/** What no text at a border may hold but line feeds and tabs. */
export const OBEYED = /[\0-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/

/** What runs, is obeyed or is taken for something else in one of the forms of a report. */
const PIECES = [
  '</script><script>alert(1)</script>',
  '<img src=x onerror=alert(1)>',
  '<svg onload=alert(1)>',
  '"><a href="javascript:alert(1)">',
  "' onmouseover='alert(1)",
  '</style><style>@import url(http://127.0.0.1:9/x.css)',
  ']]>',
  '<!--',
  '\u001b]0;pwned\u0007',
  '\u001b[31m',
  '\u009b2J',
  '\u202e',
  '\u2028',
  '\0',
  '\ud83d',
  '=cmd|calc!A1',
  '+1+1',
  '@SUM(1)',
  ';=1+1',
  '\t=1',
  '\r=1',
  '```',
  '| a |',
  '![x](http://127.0.0.1:9/x.png)',
  '[x]: http://127.0.0.1:9',
  'https://127.0.0.1:9/x',
  'www.example.com',
  'a@example.com',
  '&lt;b&gt;',
  '# ',
  '- ',
  '1. ',
  '---',
  '~~~',
  '$x$',
  '    code',
  '\n',
  'plain'
]

/** Texts that somebody wrote to do harm. */
export const hostileText = fc
  .array(fc.oneof(fc.constantFrom(...PIECES), fc.string({ unit: 'binary', maxLength: 4 })), { maxLength: 4 })
  .map(parts => parts.join(''))

/** One text in every place of every kind of chart. */
export function hostileCharts(text: string): Chart[] {
  const base = { title: text, description: text }
  const line: LineChart = {
    ...base,
    id: text,
    x: { label: text, scale: 'linear' },
    y: { label: text, scale: 'linear' },
    series: ['a', 'b'].map(() => ({
      name: text,
      points: [
        [1, 2],
        [2, 3]
      ]
    })),
    rules: [{ x: 1, label: text }]
  }
  const bar: BarChart = {
    ...base,
    kind: 'bar',
    id: `${text}-bar`,
    x: { label: text, categories: [text, `${text} 2`] },
    y: { label: text, scale: 'linear' },
    series: [{ name: text, values: [1, 2], intervals: [[0, 2], null] }]
  }
  const cells: HeatMapChart = {
    ...base,
    kind: 'heat-map',
    id: `${text}-cells`,
    x: { label: text, categories: [text] },
    y: { label: text, categories: [text] },
    value: { label: text, scale: 'linear' },
    series: [
      { name: text, cells: [[1]] },
      { name: `${text} 2`, cells: [[2]] }
    ]
  }
  return [line, bar, cells]
}

/** One text in every place of a report. */
export const hostileReport = (text: string): Report => ({
  title: text,
  summary: text,
  charts: hostileCharts(text),
  tables: [
    {
      title: text,
      headers: [text, 'b'],
      rows: [
        [text, text],
        [text, 1]
      ]
    }
  ],
  metadata: { [text]: text },
  recipe: text
})

/** Everything that {@link hostileText} is made of, in one text. */
export const EVERYTHING = PIECES.join(' ')
