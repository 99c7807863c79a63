import type { Chart } from '@skipwise/core'
import { escapeHtml, fileName } from './escape.js'
import { toCsv } from './csv.js'
import { figureNumbers, figureTable } from './figure-table.js'
import { drawable } from './drawable.js'
import { renderSvg } from './render-svg.js'
import { STYLES } from './styles.js'
import type { Table } from '@skipwise/core'
import { cellText, isNumeric, shownRows } from './table.js'
import { themeable } from './theme.js'

/** What a report shows, in this order. */
export interface Report {
  readonly title: string
  /** A paragraph under the title. */
  readonly summary?: string
  readonly charts: readonly Chart[]
  readonly tables?: readonly (Table & { readonly title: string })[]
  /** Facts of the run: model, seed, versions, digests. */
  readonly metadata?: Readonly<Record<string, string | number>>
  /** The recipe's text, shown as it is. */
  readonly recipe?: string
}

/**
 * A report as one HTML document: inline SVG and CSS, no script and no network, light or dark as the reader prefers, fit
 * for print and for screen readers; the numbers of every figure and table can be saved as CSV, from the page itself.
 * Every text is escaped, and a content security policy forbids what is not there.
 *
 * @throws SkipwiseError `REPORT_CHART_POINT`, `REPORT_CHART_SHAPE`, `REPORT_CHART_SIZE`
 *
 * @example
 * ```ts
 * await writeFile('report.html', await renderReport({ title: 'tiny-llama to 8k', charts: suite.charts(results) }))
 * ```
 */
export async function renderReport({
  title,
  summary,
  charts,
  tables = [],
  metadata = {},
  recipe
}: Report): Promise<string> {
  const figures: string[] = []
  for (const chart of charts) figures.push(await figure(chart))
  const facts = Object.entries(metadata)
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<meta name="generator" content="@skipwise/report">
<title>${escapeHtml(title)}</title>
<style>
${STYLES}
</style>
</head>
<body>
<main>
<h1>${escapeHtml(title)}</h1>
${summary ? `<p>${escapeHtml(summary)}</p>\n` : ''}${figures.join('')}${tables.map(table => section(table.title, `${tableHtml(table)}\n<p class="actions">${csvLink(table.title, table)}</p>`)).join('')}${
    facts.length
      ? section(
          'Run',
          `<dl>${facts.map(([name, value]) => `<dt>${escapeHtml(name)}</dt><dd>${escapeHtml(cellText(value))}</dd>`).join('')}</dl>`
        )
      : ''
  }${recipe ? section('Recipe', `<pre>${escapeHtml(recipe)}</pre>`) : ''}</main>
</body>
</html>
`
}

const section = (title: string, body: string) => `<section>\n<h2>${escapeHtml(title)}</h2>\n${body}\n</section>\n`

async function figure(chart: Chart): Promise<string> {
  const svg = themeable(await renderSvg(chart, { title: false }))
  const { title, description } = drawable(chart)
  return section(
    title,
    `<figure>\n<div class="scroll" tabindex="0" role="group" aria-label="${escapeHtml(title)}">${svg}</div>\n<figcaption>${escapeHtml(description)}</figcaption>\n</figure>
<div class="actions">${csvLink(chart.id, figureNumbers(chart))}
<details class="data"><summary>The figure as a table</summary>${tableHtml(figureTable(chart))}</details></div>`
  )
}

/** A link that saves a table from the page: its bytes are the address. */
function csvLink(name: string, table: Table): string {
  const file = `${fileName(name)}.csv`
  return `<a class="csv" download="${file}" href="data:text/csv;charset=utf-8,${encodeURIComponent(toCsv(table)).replaceAll("'", '%27')}">${file}</a>`
}

/** Tables of more columns are set smaller. */
const WIDE = 7

function tableHtml(whole: Table): string {
  const { table, note } = shownRows(whole)
  const cell = (tag: string, text: string, column: number) => {
    const scope = tag === 'th' ? ' scope="row"' : ''
    const number = isNumeric(table, column) ? ' class="number"' : ''
    return `<${tag}${scope}${number}>${escapeHtml(text)}</${tag}>`
  }
  const head = table.headers.map(
    (header, column) => `<th scope="col"${isNumeric(table, column) ? ' class="number"' : ''}>${escapeHtml(header)}</th>`
  )
  const rows = table.rows.map(
    row =>
      `<tr>${table.headers.map((_, column) => cell(column === 0 ? 'th' : 'td', cellText(row[column] ?? ''), column)).join('')}</tr>`
  )
  return `<div class="scroll" tabindex="0" role="group" aria-label="table"><table${table.headers.length > WIDE ? ' class="wide"' : ''}>\n<thead><tr>${head.join('')}</tr></thead>\n<tbody>\n${rows.join('\n')}\n</tbody></table></div>${note ? `\n<p>${note}</p>` : ''}`
}
