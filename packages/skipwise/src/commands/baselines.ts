import { withTemporaryFolder } from '@skipwise/checkpoints'
import { formatPercent, isLineChart, SkipwiseError, type EvalResult, type EvalSuite } from '@skipwise/core'
import {
  headlineCharts,
  parseRecipe,
  resolveRecipe,
  runExperiment,
  toReference,
  type ExperimentResult,
  type Recipe
} from '@skipwise/experiment'
import { formatNumber, renderTable, type Cell } from '@skipwise/report'
import { execFile } from 'node:child_process'
import { dirname, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { usageError } from '../errors.js'
import { loadParts } from '../parts.js'
import type { Terminal } from '../terminal.js'
import { readRecipe } from '../run-recipe.js'

/** What the paper compares, each by one key of a recipe. */
const BASELINES = {
  'full-length': { positions: 'full-length', title: 'full length' },
  randpos: { positions: 'randpos', title: 'RandPos' },
  contiguous: { positions: 'contiguous', title: 'interpolation, no skips' },
  'pose-1': { positions: { pose: { chunks: 1 } }, title: 'PoSE, N = 1' },
  'pose-2': { positions: { pose: { chunks: 2 } }, title: 'PoSE, N = 2' },
  'pose-3': { positions: { pose: { chunks: 3 } }, title: 'PoSE, N = 3' }
} as const satisfies Record<string, { readonly positions: Recipe['positions']; readonly title: string }>

type Baseline = keyof typeof BASELINES
const isBaseline = (name: string): name is Baseline => Object.hasOwn(BASELINES, name)

/** What a run of one recipe by one method gave. */
interface BaselineRun {
  readonly method: Baseline
  readonly training: ExperimentResult['training']
  readonly results: ExperimentResult['results']
}

interface SkippedBaseline {
  readonly method: Baseline
  readonly reason: string
}

/**
 * `skipwise bench baselines --recipe FILE`: the paper's comparison. The recipe is trained by each method, all else
 * equal, in a process of its own, so that peaks of memory are separate; the models are thrown away.
 */
export async function baselines(
  { recipe: file, only }: { recipe?: string; only?: string[] },
  terminal: Terminal
): Promise<number> {
  if (file === undefined)
    throw usageError('CLI_USAGE', 'missing option: --recipe', 'add --recipe FILE with a recipe for extend')
  const known = Object.keys(BASELINES).filter(isBaseline)
  const wrong = only?.find(name => !isBaseline(name))
  const methods = known.filter(name => only?.includes(name) ?? true)
  if (wrong !== undefined)
    throw usageError('CLI_USAGE', `there is no method called '${wrong}'`, `use any of ${known.join(', ')}`)
  const baseFolder = dirname(resolve(file))
  const parts = await loadParts([baseFolder, process.cwd()])
  const recipe = parseRecipe(await readRecipe(file), file, parts.registry)
  const runs: BaselineRun[] = []
  const skipped: SkippedBaseline[] = []
  for (const method of methods) {
    terminal.say(`${BASELINES[method].title}: ${recipe.train.steps} steps`)
    const run =
      methods.length === 1
        ? await trainOne(method, recipe, baseFolder, terminal)
        : await trainApart(method, file, terminal)
    if ('reason' in run) skipped.push(run)
    else runs.push(run)
  }
  const suites = recipe.evaluate.map(reference => parts.registry.resolveUnknown('eval-suite', toReference(reference)))
  const table = baselineTable(runs, suites)
  terminal.say(`\n${renderTable(table.headers, table.rows, 'text')}`)
  for (const { method, reason } of skipped) terminal.say(`${BASELINES[method].title}: not trained, ${reason}`)
  if (terminal.json) terminal.result({ version: 1, recipe, runs, skipped, table })
  return runs.length ? 0 : 1
}

/** Trains by one method in this process. */
async function trainOne(
  method: Baseline,
  recipe: Recipe,
  baseFolder: string,
  { progress, signal }: Terminal
): Promise<BaselineRun> {
  const parts = await loadParts([baseFolder, process.cwd()])
  return withTemporaryFolder('skipwise-baselines-', async folder => {
    const own: Recipe = { ...recipe, positions: BASELINES[method].positions, output: join(folder, method) }
    const { training, results } = await runExperiment(
      await resolveRecipe(own, { kind: 'extend', baseFolder, progress, signal, ...parts }),
      { progress, signal }
    )
    return { method, training, results }
  })
}

/** Trains by one method in a process of its own; one that a recipe or the memory does not allow is left out. */
async function trainApart(
  method: Baseline,
  file: string,
  { signal }: Terminal
): Promise<BaselineRun | SkippedBaseline> {
  const cli = fileURLToPath(new URL('./cli.js', import.meta.url))
  const args = ['bench', 'baselines', '--json', '--recipe', file, '--only', method]
  try {
    const { stdout } = await promisify(execFile)(process.execPath, [cli, ...args], { signal, maxBuffer: 2 ** 28 })
    const { runs } = JSON.parse(stdout) as { runs: BaselineRun[] }
    return runs[0]
  } catch (cause) {
    signal.throwIfAborted()
    const { stderr = '' } = cause as { stderr?: string }
    const reason = /^(DATA_TOO_SHORT|RECIPE_DATA|TRAINING_MEMORY): (.*)$/m.exec(stderr)?.[0]
    if (reason !== undefined) return { method, reason }
    throw new SkipwiseError('BENCH_PROCESS', {
      problem: `the process that trains ${method} failed: ${stderr.trim() || String(cause)}`,
      fix: 'correct the recipe, or exclude the method (--only)',
      cause
    })
  }
}

/**
 * A row for the base model and for each method: what training took, and the headline metrics of every suite by length.
 */
function baselineTable(
  runs: readonly BaselineRun[],
  suites: readonly EvalSuite[]
): { headers: string[]; rows: Cell[][] } {
  if (!runs.length) return { headers: [], rows: [] }
  const models: (readonly EvalResult[])[] = [runs[0].results.base, ...runs.map(({ results }) => results.model)]
  const scores = headlineCharts(suites, models)
    .filter(isLineChart)
    .flatMap(({ id, series, y }) =>
      [...new Set(series.flatMap(({ points }) => points.map(([x]) => x)))]
        .sort((a, b) => a - b)
        .map(length => ({
          title: `${id}@${length}`,
          cells: series.map(({ points }): Cell => {
            const value = points.find(([x]) => x === length)?.[1]
            return value === undefined ? '–' : y.percent ? formatPercent(value) : +value.toPrecision(4)
          })
        }))
    )
  const costs = runs.map(({ method, training: { steps, tokens, losses, tokensPerSecond, peakMemoryMB } }): Cell[] => [
    BASELINES[method].title,
    formatNumber(Math.round((1000 * tokens) / steps / tokensPerSecond)),
    formatNumber(Math.round(peakMemoryMB)),
    (losses.slice(-20).reduce((sum, loss) => sum + loss, 0) / losses.slice(-20).length).toFixed(3)
  ])
  return {
    headers: ['trained by', 'ms a step', 'peak MB', 'loss', ...scores.map(({ title }) => title)],
    rows: [['base model', '–', '–', '–'], ...costs].map((row, i) => [
      ...row,
      ...scores.map(({ cells }) => cells[i] ?? '–')
    ])
  }
}
