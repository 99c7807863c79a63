import { formatPercent, type EvalResult } from '@skipwise/core'
import { compareResults, pairResults, readResults, type Comparison } from '@skipwise/evaluation'
import { renderTable } from '@skipwise/report'
import { colours } from '../colours.js'
import { loadParts } from '../parts.js'
import type { Terminal } from '../terminal.js'

/**
 * `skipwise eval --compare A B`: is B better or worse than A, or is the difference one that chance makes? Files of
 * results, or folders of runs.
 */
export async function compareFiles(pathA: string, pathB: string, terminal: Terminal): Promise<number> {
  const [a, b] = await Promise.all([readResults(pathA), readResults(pathB)])
  const { registry } = await loadParts([process.cwd()])
  const suiteOf = ({ suite, config }: EvalResult) => registry.resolveUnknown('eval-suite', { name: suite, config })
  // of two runs the models may have one name: the folders tell them apart
  const isRun = a.length > 1 || b.length > 1 || a[0].model === b[0].model
  const named = (result: EvalResult, path: string) => (isRun ? { ...result, model: path } : result)
  const comparisons = pairResults(a, b).map(pair =>
    compareResults(suiteOf(pair.a), named(pair.a, pathA), named(pair.b, pathB))
  )
  if (terminal.json) terminal.result(comparisons.length === 1 ? comparisons[0] : comparisons)
  else for (const comparison of comparisons) showComparison(comparison, terminal)
  return 0
}

/** A comparison as a table and a sentence. */
export function showComparison({ suite, a, b, metrics }: Comparison, { say }: Terminal): void {
  const rows = metrics.map(({ metric, better, a, b, difference, interval, adjustedPValue, units, verdict }) => {
    const show = (value: number) => (better === 'higher' ? formatPercent(value) : value.toPrecision(4))
    return [
      metric,
      show(a),
      show(b),
      `${difference > 0 ? '+' : ''}${show(difference)}`,
      interval ? `${show(interval[0])} … ${show(interval[1])}` : '',
      adjustedPValue < 1e-4 ? '< 0.0001' : adjustedPValue.toFixed(4),
      units,
      verdict
    ]
  })
  say(colours.bold(`${suite}: A is ${a}, B is ${b}`))
  say(renderTable(['metric', 'A', 'B', 'B − A', '95 % interval', 'p (corrected)', 'pairs', 'B is'], rows, 'text'))
  say(
    `p-values: ${[...new Set(metrics.map(({ method }) => method))].join(', ')}, corrected for ${metrics.length} metrics (Holm); intervals by paired bootstrap.`
  )
}
