import { compareResults, findCheckpoints, shares, type Comparison, type EvaluationRecord } from '@skipwise/evaluation'
import { formatPercent } from '@skipwise/core'
import { evaluateFolder, openModelFolder } from '@skipwise/experiment'
import { renderTable } from '@skipwise/report'
import { join, relative, resolve } from 'node:path'
import { colours } from '../colours.js'
import { loadParts, openExecutor } from '../parts.js'
import type { Terminal } from '../terminal.js'
import { recordFile, suitesFor, type EvalOptions, type SuiteSetting } from './eval-suites.js'

/** One checkpoint: its results, and how each compares with the first checkpoint's. */
interface EvaluatedCheckpoint {
  readonly name: string
  readonly results: readonly EvaluationRecord[]
  /** One a suite; absent for the first checkpoint and for suites that cannot be compared. */
  readonly comparisons: readonly (Comparison | null)[]
}

/**
 * `skipwise eval SUITES --checkpoints RUN`: every model that the run has kept, `--model` before them where given, by
 * every suite; what got better and what worse than the first one.
 */
export async function evaluateCheckpoints(
  run: string,
  { suites: given, base }: SuiteSetting,
  options: EvalOptions,
  terminal: Terminal
): Promise<number> {
  const found = await findCheckpoints(run)
  const checkpoints = options.model === undefined ? found : [{ name: 'base', folder: options.model }, ...found]
  const output = options.output ?? join(run, 'evaluations')
  const parts = await loadParts([process.cwd()])
  // one set of lengths for all: that of the first
  const {
    model: { geometry }
  } = await openModelFolder(checkpoints[0].folder, parts)
  const suites = suitesFor(given, parts, geometry.maxPositionEmbeddings, terminal)
  const made = suites.map(reference => parts.registry.resolveUnknown('eval-suite', reference))
  const executor = await openExecutor(parts.registry, options.executor)
  const evaluated: EvaluatedCheckpoint[] = []
  try {
    const { signal } = terminal
    for (const { name, folder } of checkpoints) {
      const results = await evaluateFolder({
        parts,
        executor,
        weights: options.weights,
        folder,
        name,
        suites,
        signal,
        seed: options.seed,
        resolvePath: path => resolve(base, path),
        fileOf: index => recordFile(join(output, name), suites, index),
        progress: event => terminal.progress({ ...event, task: `${name}: ${event.task}` })
      })
      const first = evaluated[0]?.results
      evaluated.push({
        name,
        results,
        comparisons: results.map((result, i) =>
          first && made[i].samples ? compareResults(made[i], first[i], result, options.seed) : null
        )
      })
    }
  } finally {
    await executor.dispose()
  }
  if (terminal.json) terminal.result({ version: 1, run, checkpoints: evaluated })
  else {
    made.forEach((suite, i) => showSuite(evaluated, i, shares(suite, evaluated[0].results[i]), terminal))
    terminal.say(
      `▲ better, ▼ worse than ${evaluated[0].name} at a level of 5 % (paired tests, Holm). Results: ${relative(process.cwd(), output) || '.'}`
    )
  }
  return 0
}

function showSuite(
  evaluated: readonly EvaluatedCheckpoint[],
  index: number,
  percent: ReadonlySet<string>,
  { say }: Terminal
): void {
  const rows = Object.keys(evaluated[0].results[index].metrics).map(metric => [
    metric,
    ...evaluated.map(({ results, comparisons }) => {
      const value = results[index].metrics[metric]
      const verdict = comparisons[index]?.metrics.find(compared => compared.metric === metric)?.verdict
      const shown = percent.has(metric)
        ? formatPercent(value)
        : Number.isInteger(value)
          ? String(value)
          : value.toPrecision(4)
      return `${shown}${verdict === 'better' ? ' ▲' : verdict === 'worse' ? ' ▼' : ''}`
    })
  ])
  say(colours.bold(evaluated[0].results[index].suite))
  say(`${renderTable(['metric', ...evaluated.map(({ name }) => name)], rows, 'text')}\n`)
}
