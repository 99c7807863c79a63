import { asPercent, compareResults, readResult, type Comparison } from '@skipwise/experiment'
import { renderTable } from '@skipwise/report'
import { colours } from '../colours.js'
import { loadParts } from '../parts.js'
import type { Terminal } from '../terminal.js'

/** `skipwise eval --compare A B`: is B better or worse than A, or is the difference one that chance makes? */
export async function compareFiles(fileA: string, fileB: string, terminal: Terminal): Promise<number> {
  const [a, b] = await Promise.all([readResult(fileA), readResult(fileB)]), { registry } = await loadParts([process.cwd()])
  const comparison = compareResults(registry.resolveUnknown('eval-suite', { name: a.suite, config: a.config }), a, b)
  if (terminal.json) terminal.result(comparison)
  else showComparison(comparison, terminal)
  return 0
}

/** A comparison as a table and a sentence. */
export function showComparison({ suite, a, b, metrics }: Comparison, { say }: Terminal): void {
  const rows = metrics.map(({ metric, better, a, b, difference, interval, adjustedPValue, units, verdict }) => {
    const show = (value: number) => (better === 'higher' ? asPercent(value) : value.toPrecision(4))
    return [metric, show(a), show(b), `${difference > 0 ? '+' : ''}${show(difference)}`, interval ? `${show(interval[0])} … ${show(interval[1])}` : '', adjustedPValue < 1e-4 ? '< 0.0001' : adjustedPValue.toFixed(4), units, verdict]
  })
  say(colours.bold(`${suite}: A is ${a}, B is ${b}`))
  say(renderTable(['metric', 'A', 'B', 'B − A', '95 % interval', 'p (corrected)', 'pairs', 'B is'], rows, 'text'))
  say(`p-values: ${[...new Set(metrics.map(({ method }) => method))].join(', ')}, corrected for ${metrics.length} metrics (Holm); intervals by paired bootstrap.`)
}
