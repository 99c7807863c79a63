import type { Chart } from '@skipwise/core'
import { toCsv } from './csv.js'
import { fileName } from './escape.js'
import { figureNumbers } from './figure-table.js'
import { renderMarkdown } from './render-markdown.js'
import { renderReport, type Report } from './render-report.js'
import { renderSvg } from './render-svg.js'

/** One file of a report. */
export interface ReportFile {
  /** `report.html`, `report.md`, or the id of a chart with `.svg` or `.csv`. */
  readonly name: string
  readonly text: string
}

/**
 * Every form of a report: the page, the Markdown, and a drawing and the numbers of each chart. The caller writes them.
 *
 * @throws SkipwiseError `REPORT_CHART_POINT`, `REPORT_CHART_SHAPE`, `REPORT_CHART_SIZE`
 */
export async function reportFiles(report: Report): Promise<ReportFile[]> {
  const names = chartNames(report.charts)
  const files: ReportFile[] = [{ name: 'report.html', text: await renderReport(report) }]
  files.push({ name: 'report.md', text: renderMarkdown(report, (_, index) => `${names[index]}.svg`) })
  for (const [index, chart] of report.charts.entries())
    files.push(
      { name: `${names[index]}.svg`, text: await renderSvg(chart) },
      { name: `${names[index]}.csv`, text: toCsv(figureNumbers(chart)) }
    )
  return files
}

/** A name for each chart, which differs for charts of the same id. */
function chartNames(charts: readonly Chart[]): string[] {
  const taken = new Set<string>(['report'])
  return charts.map(({ id }) => {
    const base = fileName(id)
    let name = base
    for (let i = 2; taken.has(name); i++) name = `${base}-${i}`
    taken.add(name)
    return name
  })
}
