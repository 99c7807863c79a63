import { composeReport, readReportFile } from '@skipwise/experiment'
import { reportFiles } from '@skipwise/report'
import { join, relative } from 'node:path'
import { writeOwnFiles } from '../own-output.js'
import { loadParts } from '../parts.js'
import type { Terminal } from '../terminal.js'

/** `skipwise report FILES... --out DIR`: the page, Markdown, and an SVG and a CSV file of each chart. */
export async function report(
  files: readonly string[],
  { out, title }: { out: string; title: string },
  terminal: Terminal
): Promise<number> {
  const { registry } = await loadParts([process.cwd()])
  const sources = await Promise.all(files.map(readReportFile))
  const made = await reportFiles(
    composeReport(title, sources, ({ suite, config }) => registry.resolveUnknown('eval-suite', { name: suite, config }))
  )
  await writeOwnFiles(out, made)
  const written = made.map(({ name }) => relative(process.cwd(), join(out, name)))
  if (terminal.json) terminal.result({ files: written })
  else for (const name of written) terminal.say(name)
  return 0
}
