import { printable } from './escape.js'
import { renderTable } from './table.js'
import type { Report } from './render-report.js'

/**
 * A report as GitHub Markdown for papers and READMEs: charts as images, which lie beside it, with their descriptions as text alternatives,
 * tables and the facts of the run.
 *
 * @param imageOf path of a chart's SVG, relative to the document
 */
export function renderMarkdown({ title, summary, charts, tables = [], metadata = {}, recipe }: Report, imageOf: (chart: Report['charts'][number], index: number) => string): string {
  const facts = Object.entries(metadata)
  const parts = [
    `# ${inline(title)}`,
    ...(summary ? [inline(summary)] : []),
    ...charts.flatMap((chart, index) => [`## ${inline(chart.title)}`, `![${inline(chart.description)}](${encodeURI(imageOf(chart, index))})`]),
    ...tables.flatMap(table => [`## ${inline(table.title)}`, renderTable(table.headers, table.rows)]),
    ...(facts.length ? ['## Run', renderTable(['', ''], facts)] : []),
    ...(recipe ? ['## Recipe', fenced(recipe)] : [])
  ]
  return `${parts.join('\n\n')}\n`
}

/** Text that Markdown takes for nothing else. */
const inline = (text: string): string => printable(text).replace(/[\\`*_<>[\]]/g, '\\$&')

/** A block of code whose fence the text cannot end. */
function fenced(text: string): string {
  const longest = Math.max(2, ...[...text.matchAll(/`+/g)].map(([ticks]) => ticks.length)), fence = '`'.repeat(longest + 1)
  return `${fence}yaml\n${text.trimEnd()}\n${fence}`
}
