import type { Chart } from '@skipwise/core'
import { describe, expect, it } from 'vitest'
import { renderAscii, renderReport, renderSvg } from './index.js'
import { COLOURS, SERIES } from './theme.js'

const evil = `<script>alert("1")</script> & 'more'`
const chart: Chart = {
  id: 'passkey',
  title: 'Passkey retrieval by context length',
  x: { label: 'Length (tokens)', scale: 'log' },
  y: { label: 'Keys retrieved exactly', scale: 'linear', percent: true, domain: [0, 1] },
  series: [
    { name: 'base', points: [[512, 1], [1024, 0.15], [8192, 0]] },
    { name: 'extended', points: [[512, 1], [1024, 1], [8192, 0.95]] }
  ],
  rules: [{ x: 512, label: 'window of 512' }],
  description: 'Share of pass keys retrieved exactly.'
}
const named = (name: string): Chart => ({ ...chart, title: name, description: name, x: { ...chart.x, label: name }, series: chart.series.map(series => ({ ...series, name })), rules: [{ x: 512, label: name }] })

describe('renderSvg', () => {
  it('gives the same bytes twice', async () => expect(await renderSvg(chart)).toBe(await renderSvg(structuredClone(chart))))

  it('draws title, labels, ticks, series and rule, and has a text alternative', async () => {
    const svg = await renderSvg(chart)
    for (const text of ['Passkey retrieval by context length', 'Length (tokens)', '>512<', '>1k<', '>8k<', '100 %', 'base', 'extended', 'window of 512', 'stroke-dasharray="4,4"']) expect(svg).toContain(text)
    for (const i of [0, 1]) expect(svg).toContain(`stroke="${SERIES[i].light}"`)
    expect(svg).toMatch(/^<svg[^>]* role="img" aria-label="Passkey retrieval by context length\. Share of pass keys retrieved exactly\."/)
    expect(await renderSvg(chart, { title: false })).not.toContain('>Passkey retrieval')
  })

  it('escapes every text and keeps series of one name apart', async () => {
    const svg = await renderSvg(named(evil))
    expect(svg).not.toContain('<script')
    expect(svg).toContain('&lt;script&gt;alert("1")')
    expect(await renderSvg(named('same'))).toContain('>same (2)<')
  })

  it('draws an empty chart, a single point and more series than colours', async () => {
    expect(await renderSvg({ ...chart, series: [], rules: [] })).toContain('<svg')
    expect(await renderSvg({ ...chart, series: [{ name: 'one', points: [[512, 0.5]] }] })).toContain('>512<')
    expect(await renderSvg({ ...chart, series: Array.from({ length: 8 }, (_, i) => ({ name: `s${i}`, points: [[512, i / 8], [1024, 1]] as const })) })).toContain('s7')
  })
})

describe('renderReport', () => {
  const report = { title: 'A report', summary: 'What it shows', charts: [chart, { ...chart, id: 'two' }], tables: [{ title: 'Results', headers: ['model', 'passkey@512'], rows: [['base', 0.15]] }], metadata: { seed: 0 }, recipe: 'model: ./tiny' }

  it('is one self-contained page of the same bytes', async () => {
    const html = await renderReport(report)
    expect(html).toBe(await renderReport(structuredClone(report)))
    expect(html).not.toMatch(/<script|<link|<img|@import|url\((?!#)|\bsrc=/)
    // The only addresses are names of the SVG namespaces.
    expect([...new Set(html.match(/https?:\/\/[^"\s<]+/g))].every(address => address.startsWith('http://www.w3.org/'))).toBe(true)
    expect(html).toContain("default-src 'none'")
    for (const text of ['<h1>A report</h1>', 'What it shows', '<figcaption>Share of pass keys', '<td class="number">0.1500</td>', '<dt>seed</dt><dd>0</dd>', '<pre>model: ./tiny</pre>']) expect(html).toContain(text)
  })

  it('shows each figure as a table too', async () => {
    const html = await renderReport(report)
    expect(html).toContain('<tr><th scope="row" class="number">1024</th><td class="number">15 %</td><td class="number">100 %</td></tr>')
  })

  it('leaves no fixed colour to a chart: all follow the theme', async () => {
    const [svg] = /<svg[\s\S]*?<\/svg>/.exec(await renderReport(report)) as RegExpExecArray
    expect(svg.match(/(fill|stroke)="(?!none|transparent|var\()[^"]*"/g) ?? []).toEqual([])
  })

  it('escapes every text', async () => {
    const html = await renderReport({ title: evil, summary: evil, charts: [named(evil)], tables: [{ title: evil, headers: [evil], rows: [[evil]] }], metadata: { [evil]: evil }, recipe: evil })
    expect(html).not.toContain('<script')
    expect(html.match(/aria-label="[^"]*"/)?.[0]).toContain('&quot;1&quot;')
  })

  it('has readable contrast in both themes', () => {
    for (const theme of ['light', 'dark'] as const) {
      const surface = COLOURS.surface[theme]
      for (const series of SERIES) expect(contrast(series[theme], surface)).toBeGreaterThanOrEqual(3)
      for (const text of [COLOURS.ink, COLOURS.muted]) expect(contrast(text[theme], surface)).toBeGreaterThanOrEqual(4.5)
    }
  })
})

describe('renderAscii', () => {
  it('draws marks, rule, ticks and names in lines without control characters', () => {
    const text = renderAscii({ ...chart, title: 'a\u001b[2Jb' }, { width: 40, height: 6 })
    expect(text.split('\n')).toEqual([
      'a [2Jb',
      '100 % ┤ ■········■···························■',
      ' 80 % ┤ ┊ ··',
      ' 60 % ┤ ┊   ··',
      ' 40 % ┤ ┊     ··',
      ' 20 % ┤ ┊       ·●·············',
      '  0 % ┤ ┊                      ··············●',
      '      └────────────────────────────────────────',
      '       512      1k        2k       4k       8k',
      '       Length (tokens); ● base  ■ extended'
    ])
  })
})

/** WCAG 2 contrast ratio of two #rrggbb colours. */
function contrast(a: string, b: string): number {
  const luminance = (colour: string) => {
    const [red, green, blue] = [1, 3, 5].map(at => parseInt(colour.slice(at, at + 2), 16) / 255).map(c => (c <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
  }
  const [dark, light] = [luminance(a), luminance(b)].sort((x, y) => x - y)
  return (light + 0.05) / (dark + 0.05)
}
