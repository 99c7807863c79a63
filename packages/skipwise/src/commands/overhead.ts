import { writeFileAtomic } from '@skipwise/checkpoints'
import { formatPercent, isSkipwiseError, SkipwiseError, type LineChart, withoutUndefined } from '@skipwise/core'
import { formatNumber, formatTokens, renderAscii, renderSvg, renderTable } from '@skipwise/report'
import type { Executor } from '@skipwise/runtime'
import { planMemory, plannedStrategy } from '@skipwise/training'
import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { benchSetup, type BenchResult, type BenchOptions } from '../bench-train.js'
import {
  crossover,
  medians,
  overheadCharts,
  spread,
  type Method,
  type Overhead,
  type OverheadPoint,
  type SkippedPoint
} from '../overhead.js'
import { checkDrawing } from '../own-output.js'
import { loadParts, openExecutor, parseJson } from '../parts.js'
import type { Terminal } from '../terminal.js'
import { openComparison, scoreChart, scoreRows, scoresByStep } from './overhead-perplexity.js'

interface OverheadOptions {
  model: string
  executor: string
  threads?: number | undefined
  strategy: NonNullable<BenchOptions['strategy']>
  steps?: number | undefined
  targets?: number[] | undefined
  fullLengthTo: number
  repeats: number
  recipe?: string | undefined
  svg?: string | undefined
}

/** PoSE's window where the model does not say: short enough that growing targets are seen. */
const WINDOW = { T: 512, B: 1 }
const TARGETS = [1024, 2048, 4096, 8192, 16384, 32768, 65536, 131072]
const FACTORS = [1.1, 2, 4]

/**
 * `skipwise bench overhead`: the paper's figure 3 on this machine. Each measurement is a process of its own, so that
 * peaks are separate; with a recipe, perplexity by step too.
 */
export async function overhead(options: OverheadOptions, terminal: Terminal): Promise<number> {
  const { svg } = options
  if (svg !== undefined) for (const figure of ['memory', 'time', 'score']) await checkDrawing(`${svg}-${figure}.svg`)
  const shape = { ...WINDOW, ...(parseJson(options.model, '--model') as Record<string, unknown>) }
  const { registry } = await loadParts([process.cwd()])
  const executor = await openExecutor(registry, options.executor, options.threads)
  const { config } = benchSetup(shape, executor)
  const comparison = options.recipe === undefined ? undefined : await openComparison(options.recipe)
  const targets = (options.targets ?? TARGETS).filter(target => target > config.T)
  const skipped: SkippedPoint[] = []
  const jobs = targets
    .flatMap(target => [
      { method: 'pose' as const, target, own: { ...shape, target } as object },
      { method: 'full-length' as const, target, own: { ...shape, T: target, target: undefined } }
    ])
    .filter(({ method, target, own }) => {
      const reason =
        method === 'pose'
          ? undefined
          : target > options.fullLengthTo
            ? `above --full-length-to ${options.fullLengthTo}`
            : whyNot(own, executor, options)
      if (reason !== undefined) skipped.push({ target, reason })
      return reason === undefined
    })
  await executor.dispose()
  // round by round, so that what else the machine does meets every target
  const runs: OverheadPoint[] = []
  const total = options.repeats * jobs.length
  while (runs.length < total) {
    terminal.signal.throwIfAborted()
    const { method, target, own } = jobs[runs.length % jobs.length]
    runs.push(await measure(method, target, own, options, terminal))
    terminal.progress({ task: 'bench', done: runs.length, total, unit: 'measurements' })
  }
  const points = jobs.map(({ method, target }) =>
    medians(runs.filter(run => run.method === method && run.target === target))
  )
  const measured: Overhead = { window: config.T, points, skipped }
  const scores = comparison && (await scoresByStep(comparison, terminal))
  const charts = withoutUndefined({ ...overheadCharts(measured), score: scores && scoreChart(scores) })
  if (svg !== undefined) {
    for (const [figure, chart] of Object.entries(charts))
      await writeFileAtomic(`${svg}-${figure}.svg`, await renderSvg(chart))
  }
  const crossovers = FACTORS.map(factor => ({
    factor,
    memory: crossover(measured, 'memory', factor) ?? null,
    time: crossover(measured, 'time', factor) ?? null
  }))
  const poseSpread = { memory: spread(measured, 'memory'), time: spread(measured, 'time') }
  if (terminal.json)
    terminal.result(
      withoutUndefined({
        version: 1,
        config,
        engine: `${executor.name}: ${executor.device}`,
        strategy: options.strategy,
        repeats: options.repeats,
        ...measured,
        poseSpread,
        crossovers,
        scores,
        charts: Object.values(charts)
      })
    )
  else {
    show(measured, Object.values(charts), poseSpread, crossovers, terminal)
    if (scores)
      terminal.say(`\n${renderTable(['step', `${scores.metric}, PoSE`, 'full-length'], scoreRows(scores), 'text')}`)
  }
  return 0
}

/** Why full-length training is not tried: the machine would swap, or the run be killed. */
function whyNot(shape: unknown, executor: Executor, { strategy }: OverheadOptions): string | undefined {
  const { setup } = benchSetup(shape, executor, { strategy })
  try {
    plannedStrategy(planMemory(setup), setup)
    return undefined
  } catch (error) {
    if (isSkipwiseError(error) && error.code === 'TRAINING_MEMORY') return error.problem
    throw error
  }
}

async function measure(
  method: Method,
  target: number,
  shape: unknown,
  { executor, threads, strategy, steps }: OverheadOptions,
  { signal }: Terminal
): Promise<OverheadPoint> {
  const cli = fileURLToPath(new URL('./cli.js', import.meta.url))
  const args = [
    'bench',
    'train',
    '--json',
    '--model',
    JSON.stringify(shape),
    '--executor',
    executor,
    '--strategy',
    strategy
  ]
  if (threads !== undefined) args.push('--threads', String(threads))
  if (steps !== undefined) args.push('--steps', String(steps))
  try {
    const { stdout } = await promisify(execFile)(process.execPath, [cli, ...args], { signal })
    const { peak_rss_mb, ms_per_step } = JSON.parse(stdout) as BenchResult
    return { method, target, peakMemoryMB: peak_rss_mb, msPerStep: ms_per_step }
  } catch (cause) {
    signal.throwIfAborted()
    throw new SkipwiseError('BENCH_PROCESS', {
      problem: `the process that measures ${method} at ${target} tokens failed: ${String((cause as { stderr?: string }).stderr ?? cause).trim()}`,
      fix: 'measure a smaller model, or fewer targets',
      cause
    })
  }
}

function show(
  measured: Overhead,
  charts: readonly LineChart[],
  poseSpread: { memory: number; time: number },
  crossovers: readonly { factor: number; memory: number | null; time: number | null }[],
  { say }: Terminal
): void {
  for (const chart of charts) say(`${renderAscii(chart)}\n`)
  const targets = [...new Set(measured.points.map(({ target }) => target))]
  const at = (method: Method, target: number) =>
    measured.points.find(point => point.method === method && point.target === target)
  say(
    renderTable(
      ['target', 'PoSE MB', 'full-length MB', 'factor', 'PoSE ms', 'full-length ms', 'factor'],
      targets.map(target => {
        const pose = at('pose', target) as OverheadPoint
        const full = at('full-length', target)
        const cells = (key: 'peakMemoryMB' | 'msPerStep') => [
          formatNumber(Math.round(pose[key])),
          full ? formatNumber(Math.round(full[key])) : '–',
          full ? (full[key] / pose[key]).toFixed(2) : '–'
        ]
        return [formatTokens(target), ...cells('peakMemoryMB'), ...cells('msPerStep')]
      }),
      'text'
    )
  )
  say(
    `\nPoSE at ${formatTokens(measured.window)} tokens: peaks within ${formatPercent(poseSpread.memory)}, steps within ${formatPercent(poseSpread.time)} of one another`
  )
  const from = (target: number | null) =>
    target === null ? 'beyond what was measured' : `from ${formatNumber(target)} tokens`
  for (const { factor, memory, time } of crossovers)
    say(`Full-length takes ${factor}× the memory ${from(memory)}, ${factor}× the time ${from(time)}`)
  for (const { target, reason } of measured.skipped)
    say(`Full-length at ${formatTokens(target)}: not measured, ${reason}`)
}
