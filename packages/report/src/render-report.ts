import type { Chart, Table } from '@skipwise/core'
import { declareTheme, themeable } from './theme.js'
import { escapeHtml, fileName } from './escape.js'
import { toCsv } from './csv.js'
import { figureNumbers, figureTable } from './figure-table.js'
import { drawable } from './drawable.js'
import { renderSvg } from './render-svg.js'
import { cellText, isNumeric, shownRows } from './table.js'

/** The report's whole style sheet: both themes, narrow screens, print. */
const STYLES = `
:root { color-scheme: light dark; ${declareTheme('light')} }
@media (prefers-color-scheme: dark) { :root { ${declareTheme('dark')} } }
* { box-sizing: border-box }
body { margin: 0 auto; max-width: 64rem; padding: 2.5rem 1.25rem 4rem; background: var(--surface); color: var(--ink);
  font: 16px/1.55 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif }
h1 { font-size: 1.9rem; line-height: 1.2; letter-spacing: -.015em; margin: 0 0 .5rem }
h2 { font-size: 1.2rem; line-height: 1.3; margin: 3rem 0 .75rem }
p { margin: 0 0 1rem; max-width: 44rem }
figure { margin: 0; max-width: 50rem }
figure svg { display: block; width: 100%; min-width: 32rem; height: auto }
figcaption { color: var(--muted); font-size: .9rem; margin-top: .5rem; max-width: 44rem }
.scroll { overflow-x: auto }
table { border-collapse: collapse; font-size: .92rem; font-variant-numeric: tabular-nums }
th, td { padding: .4rem .75rem .4rem 0; text-align: left; border-bottom: 1px solid var(--grid); vertical-align: top }
thead th { color: var(--muted); font-weight: 600; border-bottom-color: var(--rule) }
tbody th { font-weight: 500 }
.number { text-align: right }
td.number, tbody th { white-space: nowrap }
table.wide { font-size: .84rem }
.wide th, .wide td { padding-right: .5rem }
th:last-child, td:last-child, .wide :is(th, td):last-child { padding-right: 0 }
.scroll:focus-visible { outline: 2px solid var(--series-1); outline-offset: 3px; border-radius: 2px }
.actions { margin: .6rem 0 0; font-size: .9rem }
.csv { color: var(--series-1); text-underline-offset: .15em }
.csv::before { content: '\\2193\\a0' }
.csv:focus-visible { outline: 2px solid var(--series-1); outline-offset: 3px; border-radius: 2px }
details { margin: .75rem 0 }
summary { cursor: pointer; color: var(--muted); font-size: .9rem }
summary:focus-visible { outline: 2px solid var(--series-1); outline-offset: 3px; border-radius: 2px }
details > * + * { margin-top: .6rem }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .3rem 1.5rem; margin: 0; font-size: .92rem }
dt { color: var(--muted) }
dd { margin: 0; overflow-wrap: anywhere }
pre { margin: 0; padding: 1rem; overflow-x: auto; border: 1px solid var(--grid); border-radius: 6px; font: .84rem/1.5 ui-monospace, SFMono-Regular, Menlo, Consolas, monospace; tab-size: 2 }
@media (max-width: 40rem) { dl { grid-template-columns: 1fr; gap: 0 } dd { margin-bottom: .5rem } }
@media print {
  :root { ${declareTheme('light')} }
  body { max-width: none; padding: 0; font-size: 11pt }
  h2 { break-after: avoid }
  figure, tr, dl { break-inside: avoid }
  pre { white-space: pre-wrap }
  details.data, .actions { display: none }
}
`.trim()

/** The content of a report, in this order. */
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
 * Every text is escaped, and a content security policy forbids everything that the page does not have.
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
