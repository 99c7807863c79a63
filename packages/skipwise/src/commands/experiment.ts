import { renderAscii, renderTable } from '@skipwise/report'
import type { MemoryPlan } from '@skipwise/training'
import type { EvalResult } from '@skipwise/core'
import {
  answersOf,
  chartTable,
  evaluationCharts,
  headlineCharts,
  parseSetting,
  planExperiment,
  runExperiment,
  type Experiment,
  type ExperimentKind,
  type ExperimentResult,
  type TrainingSummary
} from '@skipwise/experiment'
import { readdir } from 'node:fs/promises'
import { join, relative } from 'node:path'
import { colours } from '../colours.js'
import type { Terminal } from '../terminal.js'
import { prepare } from '../run-recipe.js'
import { createWatch } from '../watch.js'

const WIDEST = 10

/** Prints what a training run will take, by strategy, and which is chosen. */
function showPlan(
  { process, weights, optimizer, gradients, strategies, machine, limit, chosen, reason }: MemoryPlan,
  { say }: Terminal
): void {
  say(
    `\n${colours.bold('Memory plan')}, GB, of ${gigabytes(limit)} to use (the machine has ${gigabytes(machine.total)}, ${gigabytes(machine.available)} of them available)`
  )
  say(
    renderTable(
      ['strategy', 'process', 'weights', 'optimizer', 'gradients', 'activations', 'peak', ''],
      Object.entries(strategies).map(([name, { activations, peak }]) => [
        name,
        ...[process, weights, optimizer, gradients, activations, peak].map(gigabytes),
        name === chosen ? 'chosen' : peak > limit ? 'too large' : ''
      ]),
      'text'
    )
  )
  say(`${chosen ?? 'It does not fit'}: ${reason}\n`)
}

const gigabytes = (bytes: number) => (bytes / 1e9).toFixed(bytes < WIDEST * 1e9 ? 3 : 1)

/** Options of `skipwise extend` and `skipwise train`. */
export interface ExperimentOptions {
  readonly plan?: boolean | undefined
  readonly watch?: boolean | undefined
  /** Keys of the recipe with their values, `train.steps=20`. */
  readonly set?: readonly string[] | undefined
}

/**
 * `skipwise extend RECIPE` and `skipwise train RECIPE`; with `plan`, what it would take, with `watch`, a drawing of the
 * loss.
 */
export async function experiment(
  kind: ExperimentKind,
  recipeFile: string,
  { plan: planOnly = false, watch = false, set = [] }: ExperimentOptions,
  terminal: Terminal
): Promise<number> {
  const { signal } = terminal
  const progress = watch ? createWatch(process.stderr, terminal.progress) : terminal.progress
  const prepared = await prepare(kind, recipeFile, { settings: set.map(parseSetting), progress, signal })
  describe(prepared, terminal)
  if (planOnly) {
    const plan = await planExperiment(prepared).finally(() => prepared.state.release())
    showPlan(plan, terminal)
    if (terminal.json) terminal.result({ version: 1, ...plan })
    return plan.chosen === undefined ? 1 : 0
  }
  const result = await runExperiment(prepared, {
    onPlan: plan => showPlan(plan, terminal),
    progress,
    signal,
    onBase: results =>
      showResults(
        `Base model, made for ${prepared.source.model.geometry.maxPositionEmbeddings} tokens`,
        prepared,
        [results],
        terminal
      ),
    onTrained: training => showTraining(training, terminal),
    onKept: (folder, files) =>
      terminal.say(`Kept: ${files.length} files in ${folder} that Skipwise did not write, ${files[0]} first`)
  })
  await finish(prepared, result, terminal)
  return 0
}

function describe(prepared: Experiment, { say }: Terminal): void {
  const { kind, recipe, window, source, data, rope, options } = prepared
  const tokens = data.reduce((sum, { corpus }) => sum + corpus.tokens, 0)
  const documents = data.reduce((sum, { corpus }) => sum + corpus.length, 0)
  const parameters = source.model.parameters.reduce((sum, { shape }) => sum + shape.reduce((a, b) => a * b, 1), 0)
  say(
    colours.bold(
      kind === 'extend'
        ? `Extending ${String(recipe.model)} from ${window.original} to ${window.target} tokens with ${rope.name}`
        : `Training ${typeof recipe.model === 'string' ? recipe.model : 'a new model'} at ${window.original} tokens`
    )
  )
  const apart = answersOf(prepared)
  const answers = apart ? ` (${apart} of them one answer of a conversation each, as it was at its turn)` : ''
  say(
    `${parameters} parameters · ${documents} documents${answers} of ${tokens} tokens · ${options.steps} steps of ${options.batch} × ${window.original} tokens${baseOf(prepared)}`
  )
}

/** How the frozen base lies in memory, and what that does to its numbers. */
function baseOf({ recipe: { train }, storageError }: Experiment): string {
  if (train.base === undefined || train.base === 'float32') return ''
  const error = storageError === 0 ? 'exactly' : `${(100 * storageError).toPrecision(2)} % off`
  return ` · base in ${train.base}, ${error}`
}

export function showResults(
  title: string,
  { suites, window }: Experiment,
  models: readonly (readonly EvalResult[])[],
  { say }: Terminal
): void {
  const charts = headlineCharts(suites, models)
  if (!charts.length) return
  const { headers, rows } = chartTable(charts, window.original)
  say(`\n${colours.bold(title)}\n${renderTable(headers, rows, 'text')}\n`)
}

export function showTraining(
  { steps, tokens, losses, tokensPerSecond, peakMemoryMB }: TrainingSummary,
  { say }: Terminal
): void {
  const last = losses.slice(-20)
  const mean = last.reduce((sum, loss) => sum + loss, 0) / last.length
  say(
    `Trained ${steps} steps, ${tokens} tokens: loss ${losses[0].toFixed(3)} → ${mean.toFixed(3)} (mean of the last ${last.length}), ${Math.round(tokensPerSecond)} tokens/s, ${Math.round(peakMemoryMB)} MB at most`
  )
}

export async function finish(prepared: Experiment, result: ExperimentResult, terminal: Terminal): Promise<void> {
  const { suites, output, window } = prepared
  const models = [result.results.base, result.results.model]
  showResults(
    prepared.kind === 'extend' ? `Base and extended model, made for ${window.target} tokens` : 'The model',
    prepared,
    models,
    terminal
  )
  for (const chart of evaluationCharts(suites, models)) terminal.say(`${renderAscii(chart)}\n`)
  const folder = relative(process.cwd(), output) || '.'
  const drawings = (await readdir(output)).filter(name => name.endsWith('.svg'))
  terminal.say(`Model:  ${folder}`)
  terminal.say(`Report: ${join(folder, 'report.html')}`)
  terminal.say(`Charts: ${drawings.map(name => join(folder, name)).join(' ')}`)
  if (prepared.kind === 'extend') for (const line of nextSteps(folder, window.target)) terminal.say(line)
  if (terminal.json) terminal.result(result)
}

/** What people do with a longer window. */
function nextSteps(folder: string, target: number): string[] {
  const steps = [
    [`skipwise generate ${folder} "…"`, 'continue a text'],
    [`skipwise eval passkey --model ${folder} --config '{"lengths": [${target}]}'`, 'measure it at other lengths'],
    [`skipwise report ${folder} --out report`, 'one page, with other results next to it'],
    [`skipwise doctor ${folder} --for transformers`, 'what the stack that serves it reads'],
    [`skipwise export ${folder} --for gguf --output ${folder}.gguf`, 'a file for llama.cpp']
  ]
  return ['Next:', ...steps.map(([command, why]) => `  ${command}\n      ${why}`)]
}
