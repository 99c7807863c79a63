import type { BarChart, HeatMapChart, LineChart } from '@skipwise/core'
import { describe, expect, it, test } from 'vitest'
import { figureNumbers, figureTable, renderAscii, renderReport, renderSvg, toCsv } from './index.js'
import { COLOURS, HEAT, inkOn, SERIES } from './theme.js'

const evil = `<script>alert("1")</script> & 'more'`
const chart: LineChart = {
  id: 'passkey',
  title: 'Passkey retrieval by context length',
  x: { label: 'Length (tokens)', scale: 'log' },
  y: { label: 'Keys retrieved exactly', scale: 'linear', percent: true, domain: [0, 1] },
  series: [
    {
      name: 'base',
      points: [
        [512, 1],
        [1024, 0.15],
        [8192, 0]
      ]
    },
    {
      name: 'extended',
      points: [
        [512, 1],
        [1024, 1],
        [8192, 0.95]
      ]
    }
  ],
  rules: [{ x: 512, label: 'window of 512' }],
  description: 'Share of pass keys retrieved exactly.'
}
const named = (name: string): LineChart => ({
  ...chart,
  title: name,
  description: name,
  x: { ...chart.x, label: name },
  series: chart.series.map(series => ({ ...series, name })),
  rules: [{ x: 512, label: name }]
})

const bar: BarChart = {
  kind: 'bar',
  id: 'tasks',
  title: 'Tasks',
  description: 'Accuracy by task.',
  x: { label: 'Task', categories: ['boolq', 'piqa'] },
  y: { label: 'Accuracy', scale: 'linear', percent: true },
  series: [
    { name: 'base', values: [0.5, null], intervals: [[0.4, 0.6], null] },
    { name: 'extended', values: [0.25, 1] }
  ]
}
const heatMap: HeatMapChart = {
  kind: 'heat-map',
  id: 'grid',
  title: 'Passkey by length and depth',
  description: 'Share of keys.',
  x: { label: 'Length', categories: ['512', '1k'] },
  y: { label: 'Depth', categories: ['0 %', '100 %'] },
  value: { label: 'Keys', scale: 'linear', percent: true, domain: [0, 1] },
  series: [
    {
      name: 'base',
      cells: [
        [1, 0.25],
        [0, null]
      ]
    },
    {
      name: 'extended',
      cells: [
        [1, 1],
        [1, 1]
      ]
    }
  ]
}

describe('renderSvg', () => {
  it('gives the same bytes twice', async () =>
    expect(await renderSvg(chart)).toBe(await renderSvg(structuredClone(chart))))

  it('draws title, labels, ticks, series and rule, and has a text alternative', async () => {
    const svg = await renderSvg(chart)
    for (const text of [
      'Passkey retrieval by context length',
      'Length (tokens)',
      '>512<',
      '>1k<',
      '>8k<',
      '100 %',
      'base',
      'extended',
      'window of 512',
      'stroke-dasharray="4,4"'
    ])
      expect(svg).toContain(text)
    for (const i of [0, 1]) expect(svg).toContain(`stroke="${SERIES[i].light}"`)
    expect(svg).toMatch(
      /^<svg[^>]* role="img" aria-label="Passkey retrieval by context length\. Share of pass keys retrieved exactly\."/
    )
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
    expect(
      await renderSvg({
        ...chart,
        series: Array.from({ length: 8 }, (_, i) => ({
          name: `s${i}`,
          points: [
            [512, i / 8],
            [1024, 1]
          ] as const
        }))
      })
    ).toContain('s7')
  })
})

describe('bars and heat maps', () => {
  it.each([
    ['bar', bar],
    ['heat map', heatMap]
  ])('draws a %s as the same bytes twice, with every name', async (_, each) => {
    const svg = await renderSvg(each)
    expect(svg).toBe(await renderSvg(structuredClone(each)))
    for (const text of [
      '>base<',
      '>extended<',
      each.title,
      `aria-label="${each.title}. ${each.description}"`,
      ...each.x.categories
    ])
      expect(svg).toContain(text)
  })

  it('draws no bar and no cell where nothing was measured', async () => {
    const shapes = (svg: string, what: RegExp) => (svg.match(what) ?? []).length
    expect(
      shapes(await renderSvg(bar), /aria-roledescription="bar"|<path d="[^"]*Z"[^>]*fill="#(0072b2|d55e00)"/g)
    ).toBeGreaterThanOrEqual(3)
    const fills = HEAT.map(({ light }) => light)
    expect(shapes(await renderSvg(heatMap), new RegExp(`<path[^>]*fill="(${fills.join('|')})"`, 'g'))).toBe(7)
  })

  it('shows them as tables and as exact numbers', () => {
    expect(figureTable(bar)).toEqual({
      headers: ['Task', 'base', 'base, low', 'base, high', 'extended'],
      rows: [
        ['boolq', '50 %', '40 %', '60 %', '25 %'],
        ['piqa', '', '', '', '100 %']
      ]
    })
    expect(figureNumbers(heatMap)).toEqual({
      headers: ['series', 'Depth \\ Length', '512', '1k'],
      rows: [
        ['base', '0 %', 1, 0.25],
        ['base', '100 %', 0, ''],
        ['extended', '0 %', 1, 1],
        ['extended', '100 %', 1, 1]
      ]
    })
  })

  it('refuses what does not fit its categories', async () => {
    await expect(renderSvg({ ...bar, series: [{ name: 'x', values: [1] }] })).rejects.toThrow('REPORT_CHART_SHAPE')
    await expect(renderSvg({ ...heatMap, series: [{ name: 'x', cells: [[1, 1]] }] })).rejects.toThrow(
      'REPORT_CHART_SHAPE'
    )
    await expect(renderSvg({ ...bar, series: [{ name: 'x', values: [1, NaN] }] })).rejects.toThrow('REPORT_CHART_POINT')
  })

  it('draws them in a terminal', () => {
    expect(renderAscii(bar, { width: 8 }).split('\n')).toEqual([
      'Tasks',
      'Task   series    Accuracy',
      '─────  ────────  ──────────────',
      'boolq  base      ████ 50 %',
      '       extended  ██ 25 %',
      'piqa   base',
      '       extended  ████████ 100 %'
    ])
    expect(renderAscii(heatMap)).toContain('base                 0 %  100 %  25 %')
  })
})

test('CSV quotes what it must and runs nothing', () => {
  expect(
    toCsv({
      headers: ['a,b', 'c'],
      rows: [
        ['say "x"', -0.1],
        ['=1+1', 1 / 3]
      ]
    })
  ).toBe('"a,b",c\r\n"say ""x""",-0.1\r\n\'=1+1,0.3333333333333333\r\n')
})

describe('renderReport', () => {
  const report = {
    title: 'A report',
    summary: 'What it shows',
    charts: [chart, { ...chart, id: 'two' }],
    tables: [{ title: 'Results', headers: ['model', 'passkey@512'], rows: [['base', 0.15]] }],
    metadata: { seed: 0 },
    recipe: 'model: ./tiny'
  }

  it('is one self-contained page of the same bytes', async () => {
    const html = await renderReport(report)
    expect(html).toBe(await renderReport(structuredClone(report)))
    expect(html).not.toMatch(/<script|<link|<img|@import|url\((?!#)|\bsrc=/)
    // The only addresses are names of the SVG namespaces.
    expect(
      [...new Set(html.match(/https?:\/\/[^"\s<]+/g))].every(address => address.startsWith('http://www.w3.org/'))
    ).toBe(true)
    expect(html).toContain("default-src 'none'")
    for (const text of [
      '<h1>A report</h1>',
      'What it shows',
      '<figcaption>Share of pass keys',
      '<td class="number">0.1500</td>',
      '<dt>seed</dt><dd>0</dd>',
      '<pre>model: ./tiny</pre>'
    ])
      expect(html).toContain(text)
  })

  it('shows each figure as a table too', async () => {
    const html = await renderReport(report)
    expect(html).toContain(
      '<tr><th scope="row" class="number">1024</th><td class="number">15 %</td><td class="number">100 %</td></tr>'
    )
  })

  it('leaves no fixed colour to a chart: all follow the theme', async () => {
    const [svg] = /<svg[\s\S]*?<\/svg>/.exec(await renderReport(report)) as RegExpExecArray
    expect(svg.match(/(fill|stroke)="(?!none|transparent|var\()[^"]*"/g) ?? []).toEqual([])
  })

  it('escapes every text', async () => {
    const html = await renderReport({
      title: evil,
      summary: evil,
      charts: [named(evil)],
      tables: [{ title: evil, headers: [evil], rows: [[evil]] }],
      metadata: { [evil]: evil },
      recipe: evil
    })
    expect(html).not.toContain('<script')
    expect(html.match(/aria-label="[^"]*"/)?.[0]).toContain('&quot;1&quot;')
  })

  it('has readable contrast in both themes', () => {
    for (const theme of ['light', 'dark'] as const) {
      const surface = COLOURS.surface[theme]
      for (const series of SERIES) expect(contrast(series[theme], surface)).toBeGreaterThanOrEqual(3)
      for (const text of [COLOURS.ink, COLOURS.muted])
        expect(contrast(text[theme], surface)).toBeGreaterThanOrEqual(4.5)
      HEAT.forEach((fill, level) => expect(contrast(inkOn(level)[theme], fill[theme])).toBeGreaterThanOrEqual(4.5))
    }
  })
})

describe('renderAscii', () => {
  it('draws marks, rule, ticks and names in lines without control characters', () => {
    const text = renderAscii({ ...chart, title: 'a\u001b[2Jb' }, { width: 40, height: 6 })
    expect(text.split('\n')).toEqual([
      'a\\x1b[2Jb',
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
    const [red, green, blue] = [1, 3, 5]
      .map(at => parseInt(colour.slice(at, at + 2), 16) / 255)
      .map(c => (c <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
  }
  const [dark, light] = [luminance(a), luminance(b)].sort((x, y) => x - y)
  return (light + 0.05) / (dark + 0.05)
}
