import { visibleLines } from '@skipwise/core'
import { escapeHtml, escapeMarkdown } from './escape.js'
import { renderTable, shownRows } from './table.js'
import type { Report } from './render-report.js'

/**
 * A report as GitHub Markdown for papers and READMEs: charts as images next to it, with their descriptions as text
 * alternatives, tables and the facts of the run.
 *
 * @param imageOf path of a chart's SVG, relative to the document
 */
export function renderMarkdown(
  { title, summary, charts, tables = [], metadata = {}, recipe }: Report,
  imageOf: (chart: Report['charts'][number], index: number) => string
): string {
  const facts = Object.entries(metadata)
  const parts = [
    `# ${escapeMarkdown(title)}`,
    ...(summary ? [escapeMarkdown(summary)] : []),
    ...charts.flatMap((chart, index) => [
      `## ${escapeMarkdown(chart.title)}`,
      `![${escapeMarkdown(chart.description)}](${encodeURI(imageOf(chart, index))})`
    ]),
    ...tables.flatMap(table => {
      const { table: shown, note } = shownRows(table)
      return [`## ${escapeMarkdown(table.title)}`, renderTable(shown.headers, shown.rows), ...(note ? [note] : [])]
    }),
    ...(facts.length ? ['## Run', renderTable(['', ''], facts)] : []),
    ...(recipe ? ['## Recipe', fenced(recipe)] : [])
  ]
  return `${parts.join('\n\n')}\n`
}

/**
 * A block of code that its text cannot close. Elements in it are written as entities: a renderer without fences would
 * run a script.
 */
function fenced(recipe: string): string {
  const text = visibleLines(recipe).trimEnd()
  if (text.includes('<')) return `<pre>\n${escapeHtml(text)}\n</pre>`
  const longest = Math.max(2, ...[...text.matchAll(/`+/g)].map(([ticks]) => ticks.length))
  const fence = '`'.repeat(longest + 1)
  return `${fence}yaml\n${text}\n${fence}`
}
