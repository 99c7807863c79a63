import { isSkipwiseError, visible, visibleLines, type Chart, type LineChart } from '@skipwise/core'
import { fc, test } from '@fast-check/vitest'
import { micromark } from 'micromark'
import { gfm, gfmHtml } from 'micromark-extension-gfm'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect } from 'vitest'
import { EVERYTHING, hostileCharts, hostileReport, hostileText, OBEYED } from '../test/hostile.js'
import { escapeHtml, escapeMarkdown, fileName } from './escape.js'
import {
  figureNumbers,
  figureTable,
  renderAscii,
  renderMarkdown,
  renderReport,
  renderSvg,
  renderTable,
  reportFiles,
  toCsv
} from './index.js'
import { CELLS_DRAWN, MARKS, POINTS_DRAWN, ROWS_SHOWN, RULES_DRAWN, SERIES_DRAWN, TEXT_DRAWN } from './limits.js'

const SHARED = join(import.meta.dirname, '../../../../shared/field/hostile')

/** Names of the elements of a document, and of its attributes that can run or fetch something. */
const elements = (html: string) =>
  new Set([...html.matchAll(/<\/?([a-z!][a-z0-9]*)/gi)].map(([, name]) => name.toLowerCase()))
const SVG = ['svg', 'g', 'path', 'text', 'defs', 'clippath', 'rect', 'line', 'title', 'lineargradient', 'stop']
const tags = (html: string) => [...html.matchAll(/<[a-z][^<>]*>/gi)].map(([tag]) => tag)
const active = (html: string) =>
  tags(html).filter(tag => /\s(on[a-z]+|src|xlink:href|srcset)\s*=/i.test(tag.replace(/"[^"]*"/g, '""')))

/** The text of an element's content: no elements, entities decoded. */
const decoded = (html: string) =>
  html.replace(
    /&(lt|gt|quot|amp|#39);/g,
    (_, name: string) => ({ lt: '<', gt: '>', quot: '"', amp: '&', '#39': "'" })[name] ?? ''
  )

describe('HTML and SVG', () => {
  test.prop([hostileText], { numRuns: 500 })('escaped text is one text', text => {
    const html = escapeHtml(text)
    expect(html).not.toMatch(/[<>"']/)
    expect(html).not.toMatch(OBEYED)
    expect(decoded(html)).toBe(visibleLines(text))
  })

  test.prop([hostileText], { numRuns: 10 })(
    'a drawing has the elements of a drawing',
    async text => {
      for (const chart of hostileCharts(text)) {
        const svg = await renderSvg(chart)
        expect(svg).not.toMatch(OBEYED)
        expect([...elements(svg)].filter(name => !SVG.includes(name))).toEqual([])
        expect(active(svg)).toEqual([])
      }
    },
    60_000
  )

  test('a page has the elements of a page, and no address', async () => {
    const html = await renderReport(hostileReport(EVERYTHING))
    expect(html).not.toMatch(OBEYED)
    for (const name of ['script', 'img', 'iframe', 'object', 'link', 'base', 'form'])
      expect(elements(html)).not.toContain(name)
    expect(active(html)).toEqual([])
    const links = tags(html).flatMap(tag => [...tag.matchAll(/\shref="([^"]*)"/g)].map(([, to]) => to))
    expect(links.filter(to => !to.startsWith('data:text/csv;'))).toEqual([])
  }, 120_000)
})

describe('CSV', () => {
  /** Cells as RFC 4180 has them. */
  function parse(csv: string): string[][] {
    const rows = csv.replace(/\r\n$/, '').split('\r\n')
    const cell = /,(?:"((?:[^"]|"")*)"|([^",]*))/g
    return rows.map(row =>
      [...`,${row}`.matchAll(cell)].map(([, quoted, plain]) => quoted?.replaceAll('""', '"') ?? plain)
    )
  }

  test.prop([fc.array(fc.tuple(hostileText, hostileText), { minLength: 1, maxLength: 4 })], { numRuns: 500 })(
    'has no formula and no control character, and every cell',
    rows => {
      const csv = toCsv({ headers: ['first', 'second'], rows })
      expect(csv.replaceAll('\r\n', '')).not.toMatch(/[\0-\x1f\x7f-\x9f\u2028-\u202e]/)
      const cells = parse(csv).slice(1)
      expect(cells).toHaveLength(rows.length)
      cells.forEach((row, i) => {
        expect(row).toHaveLength(2)
        row.forEach((cell, j) => {
          const isNumber = /^[-+]?\d+$/.test(cell)
          if (!isNumber) expect(cell).not.toMatch(/^\s*[=+\-@]/)
          if (!isNumber) expect(cell).not.toMatch(/;\s*[=+\-@]/)
          expect(cell.replaceAll("'", '')).toBe(visible(rows[i][j]).replaceAll("'", ''))
        })
      })
    }
  )

  test.prop([fc.array(fc.double({ noNaN: true }), { minLength: 1 })])(
    'numbers stay numbers, also negative ones',
    numbers => {
      const cells = parse(toCsv({ headers: ['n'], rows: numbers.map(n => [n]) })).slice(1)
      expect(cells.map(([cell]) => Number(cell))).toEqual(numbers.map(n => n + 0))
    }
  )

  test('numbers that are texts stay as they are', () => {
    expect(toCsv({ headers: ['n'], rows: [['-1'], ['+0.5'], ['-1e-3'], ['-1+1'], ['-'], ['−1']] })).toBe(
      "n\r\n-1\r\n+0.5\r\n-1e-3\r\n'-1+1\r\n'-\r\n−1\r\n"
    )
  })
})

describe('Markdown', () => {
  const render = (markdown: string) =>
    micromark(markdown, {
      allowDangerousHtml: true,
      allowDangerousProtocol: true,
      extensions: [gfm()],
      htmlExtensions: [gfmHtml()]
    })
  /** As a reader sees it: spaces in a row are one. */
  const seen = (text: string) => text.replace(/ +/g, ' ').trim()

  test.prop([hostileText], { numRuns: 1000 })(
    'a text is that text in a heading, a paragraph, a cell and a picture',
    text => {
      const escaped = escapeMarkdown(text)
      const expected = seen(visible(text))
      const heading = /^<h1>([^<>]*)<\/h1>$/.exec(render(`# ${escaped}`))
      expect(seen(decoded(heading?.[1] ?? 'no heading'))).toBe(expected)
      if (expected !== '') {
        const paragraph = /^<p>([^<>]*)<\/p>$/.exec(render(escaped))
        expect(seen(decoded(paragraph?.[1] ?? 'no paragraph'))).toBe(expected)
      }
      const cell = /<tbody>\n<tr>\n<td(?: align="right")?>([^<>]*)<\/td>\n<td>end<\/td>/.exec(
        render(renderTable(['a', 'b'], [[text, 'end']]))
      )
      expect(seen(decoded(cell?.[1] ?? 'no cell'))).toBe(expected)
      const picture = /^<p><img src="a.svg" alt="([^"<>]*)" \/><\/p>$/.exec(render(`![${escaped}](a.svg)`))
      expect(seen(decoded(picture?.[1] ?? 'no picture'))).toBe(expected)
    }
  )

  test.prop([hostileText], { numRuns: 200 })('a recipe is one block of code', recipe => {
    const html = render(renderMarkdown({ title: 't', charts: [], recipe }, () => ''))
    if (recipe === '') return
    const block = /<h2>Recipe<\/h2>\n<pre>(?:<code class="language-yaml">|\n)([^<>]*)(?:<\/code>)?<\/pre>\n?$/.exec(
      html
    )
    expect(decoded(block?.[1] ?? 'no block').trim()).toBe(visibleLines(recipe).trim())
  })

  test('a document holds no element but the code of its recipe', () => {
    const markdown = renderMarkdown(hostileReport(EVERYTHING), () => 'a.svg')
    expect(markdown).not.toMatch(OBEYED)
    expect(markdown).not.toMatch(/<script/i)
    expect([...elements(markdown)]).toEqual(['pre'])
  })
})

describe('a terminal', () => {
  test.prop([hostileText], { numRuns: 100 })('shows tables and charts without what it obeys', text => {
    for (const shown of [
      ...hostileCharts(text).map(chart => renderAscii(chart)),
      renderTable([text], [[text]], 'text')
    ])
      expect(shown).not.toMatch(OBEYED)
  })
})

test.prop([hostileText])('a name of a file is one, and short', text => {
  expect(fileName(text)).toMatch(/^[a-z0-9_][a-z0-9._-]{0,79}$/)
  expect(fileName('x'.repeat(1000))).toHaveLength(80)
})

describe('numbers', () => {
  const number = fc.oneof(
    fc.double(),
    fc.integer(),
    fc.constantFrom(0, -0, 1e-320, 5e-324, 1e300, -1e300, 1e290, 1e-290, Number.MAX_VALUE, 1 + Number.EPSILON)
  )
  const axis = fc.record({
    label: fc.constant('n'),
    scale: fc.constantFrom('linear', 'log'),
    domain: fc.option(fc.tuple(number, number), { nil: undefined }),
    percent: fc.boolean()
  })
  const chart = fc
    .record({ x: axis, y: axis, points: fc.array(fc.tuple(number, number), { maxLength: 5 }) })
    .map(
      ({ x, y, points }) =>
        ({ id: 'c', title: 't', description: 'd', x, y, series: [{ name: 's', points }] }) as LineChart
    )

  test.prop([chart], { numRuns: 3000 })('are drawn, or refused by name', each => {
    try {
      renderAscii(each)
      figureTable(each)
    } catch (error) {
      expect(isSkipwiseError(error), String(error)).toBe(true)
    }
  })

  test.prop([chart], { numRuns: 60 })(
    'are drawn as SVG, or refused by name',
    async each => {
      const error: unknown = await renderSvg(each).then(
        () => undefined,
        (error: unknown) => error
      )
      expect(error === undefined || isSkipwiseError(error), String(error)).toBe(true)
    },
    60_000
  )

  test.each([[['a', 'b']], [[1]], [[2, 1]], [[1, 1]], [[0, Infinity]], ['12'], [null]])(
    'a domain of a file may be anything: %j',
    domain => {
      const each: Chart = Object.assign(hostileCharts('t')[0], { x: { label: 'x', scale: 'linear', domain } })
      expect(() => renderAscii(each)).toThrow(/^REPORT_CHART_POINT/)
    }
  )
})

describe('size', () => {
  const many = (points: number): LineChart => ({
    id: 'many',
    title: 'Many',
    description: 'Many points.',
    x: { label: 'x', scale: 'linear' },
    y: { label: 'y', scale: 'linear' },
    // One point stands out that no stretch may lose.
    series: [
      { name: 's', points: Array.from({ length: points }, (_, i) => [i, i === 123_457 ? 1000 : Math.sin(i)] as const) }
    ]
  })

  test('200,000 points are drawn by the least and the greatest of each stretch, and all are in the file', async () => {
    const chart = many(200_000)
    const svg = await renderSvg(chart)
    expect(svg.length).toBeLessThan(500_000)
    expect(svg.includes(`${POINTS_DRAWN} of 200000 points.`)).toBe(true)
    expect(svg.includes('>1000<')).toBe(true)
    expect(renderAscii(chart)).toContain('●')
    expect(toCsv(figureNumbers(chart)).split('\r\n').length).toBe(200_002)
    const html = await renderReport({ title: 't', charts: [chart], tables: [{ title: 'r', ...figureTable(chart) }] })
    expect(html.split(`The first ${ROWS_SHOWN} of 200000 rows.`).length).toBe(3)
    expect(html.match(/<tr>/g)?.length).toBe(2 * (ROWS_SHOWN + 1))
    const markdown = renderMarkdown(
      { title: 't', charts: [], tables: [{ title: 'r', ...figureTable(chart) }] },
      () => ''
    )
    expect(markdown.includes(`The first ${ROWS_SHOWN} of 200000 rows.`)).toBe(true)
    const numbers = Array.from({ length: 300_000 }, (_, i) => [i])
    expect(renderTable(['n'], numbers, 'text').split('\n').length).toBe(300_002)
  }, 120_000)

  test('no more points than the limit change nothing', async () => {
    expect(await renderSvg(many(POINTS_DRAWN))).toContain('aria-label="Many. Many points."')
  })

  test.each([
    ['points', many(MARKS + 1)],
    [
      'series',
      {
        ...many(1),
        series: Array.from({ length: SERIES_DRAWN + 1 }, (_, i) => ({ name: `${i}`, points: [[1, 1]] as const }))
      }
    ],
    ['rules', { ...many(1), rules: Array.from({ length: RULES_DRAWN + 1 }, (_, i) => ({ x: i, label: '' })) }],
    [
      'bars',
      {
        ...hostileCharts('t')[1],
        x: { label: 'x', categories: Array.from({ length: CELLS_DRAWN + 1 }, (_, i) => `${i}`) }
      } as Chart
    ],
    [
      'cells',
      {
        ...hostileCharts('t')[2],
        y: { label: 'y', categories: Array.from({ length: CELLS_DRAWN }, (_, i) => `${i}`) }
      } as Chart
    ]
  ])('too many %s are refused by name in every form', async (what, chart) => {
    const told = new RegExp(`^REPORT_CHART_SIZE: chart '.*' has \\d+ ${what}, more than the \\d+ that can be shown`)
    await expect(renderSvg(chart)).rejects.toThrow(told)
    await expect(reportFiles({ title: 't', charts: [chart] })).rejects.toThrow(told)
    for (const form of [renderAscii, figureTable, figureNumbers]) expect(() => form(chart)).toThrow(told)
  })

  test('a text of 20 MB is shortened in drawings', async () => {
    const [line] = hostileCharts('x'.repeat(2_000_000))
    expect((await renderSvg(line)).length).toBeLessThan(20 * TEXT_DRAWN + 20_000)
  }, 120_000)
})

describe.skipIf(!existsSync(SHARED))(
  `files that others made${existsSync(SHARED) ? '' : ' (skipped: ../shared is missing)'}`,
  () => {
    test('the charts of charts.json', async () => {
      const { charts } = JSON.parse(readFileSync(join(SHARED, 'charts.json'), 'utf8')) as { charts: Chart[] }
      for (const { name, text } of await reportFiles({ title: charts[0].title, charts })) {
        if (!name.endsWith('.csv')) expect(text, name).not.toMatch(/<script/i)
        expect(text.replaceAll('\r\n', ''), name).not.toMatch(OBEYED)
        if (name.endsWith('.csv')) expect(text).not.toMatch(/(^|,)"?[=+@]/m)
      }
    }, 120_000)
  }
)
