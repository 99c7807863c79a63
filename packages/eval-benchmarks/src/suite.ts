import {
  resultOfShard,
  SkipwiseError,
  type EvalContext,
  type EvalResult,
  type LanguageModel,
  type MetricSamples
} from '@skipwise/core'
import { meanAndError } from '@skipwise/evaluation'
import type { BenchmarksConfig, TaskConfig } from './config.js'
import { requestEncoder, requestsOf, scoreRequests, type EncodedRequest } from './requests.js'
import { drawFewShots, type Draw } from './few-shot.js'
import { harnessProfiles, type HarnessProfile } from './profiles.js'
import { loadRows, type TaskRows } from './rows.js'
import { scoreQuestion } from './scoring.js'
import type { BenchmarkTask, Metric, Question } from './task.js'
import { benchmarkTasks } from './tasks/index.js'

/** Version of this suite's arithmetic, the `version` of its results. */
export const BENCHMARKS_VERSION = 1

/**
 * Questions that are scored together: their common beginnings are computed once, and an interrupted run loses no more.
 */
const UNIT = 32

/** One question and what came of it. */
export interface QuestionResult {
  /** Its place in the data, from 0. */
  readonly index: number
  /** Σ log p of each choice's tokens, natural. */
  readonly logLikelihoods: readonly number[]
  readonly metrics: Readonly<Partial<Record<Metric, number>>>
}

/** What was measured on one benchmark. */
export interface TaskResult {
  readonly task: string
  /** The task's version in the harness. */
  readonly version: number
  readonly shots: number
  /** SHA-256 of the records of questions and of examples. */
  readonly digests: { readonly data: string; readonly training?: string }
  /** Requests that were longer than the model takes and lost their beginning. */
  readonly truncated: number
  readonly questions: readonly QuestionResult[]
}

/** The `details` of this suite's results. */
export interface BenchmarksDetails {
  readonly maxLength: number
  /** Whether a request begins with BOS. */
  readonly bos: boolean
  readonly tasks: readonly TaskResult[]
}

/** Asks `model` the questions of every benchmark. */
export async function runBenchmarks(
  config: BenchmarksConfig,
  model: LanguageModel,
  context: EvalContext
): Promise<EvalResult> {
  const profile = harnessProfiles[config.harness]
  const chosen = benchmarkTasks.flatMap(task => {
    const of = config.tasks[task.name]
    return of ? [{ task: task as BenchmarkTask, of }] : []
  })
  const maxLength = config.maxLength ?? model.maxLength
  const tasks: TaskResult[] = []
  // All files are read first: hours of work must not end in a coded error.
  const prepared: { task: BenchmarkTask; shots: number; rows: TaskRows }[] = []
  for (const { task, of } of chosen) {
    const shots = shotsOf(task, of)
    prepared.push({ task, shots, rows: await loadRows(task, of, shots, context) })
  }
  for (const { task, shots, rows } of prepared)
    tasks.push(await runTask(task, shots, rows, { config, profile, maxLength, model, context }))
  const described = { suite: 'benchmarks', version: BENCHMARKS_VERSION, model: model.name, config }
  if (context.only) return resultOfShard(described)
  const metrics = Object.fromEntries(
    tasks.flatMap(result =>
      Object.entries(taskMetrics(result)).map(([name, value]) => [`${result.task}/${name}`, value])
    )
  )
  const details: BenchmarksDetails = {
    maxLength,
    bos: profile.bos === 'tokenizer' && model.tokenizer.addBos && model.tokenizer.bosId !== undefined,
    tasks
  }
  return { ...described, metrics, details }
}

function shotsOf(task: BenchmarkTask, { shots = task.shots }: TaskConfig): number {
  if (shots === 0 || task.hub.training !== undefined) return shots
  throw new SkipwiseError('BENCHMARK_SHOTS', {
    problem: `${task.name} has its own examples and takes no others, but shots is ${shots}`,
    fix: 'remove shots'
  })
}

interface SuiteRun {
  readonly config: BenchmarksConfig
  readonly profile: HarnessProfile
  readonly maxLength: number
  readonly model: LanguageModel
  readonly context: EvalContext
}

async function runTask(task: BenchmarkTask, shots: number, rows: TaskRows, run: SuiteRun): Promise<TaskResult> {
  const {
    config,
    profile,
    context: { progress, remember = (_, compute) => compute(), only }
  } = run
  const draws = [
    ...drawFewShots(rows.records, rows.trainingRecords, {
      profile,
      shots,
      drawsSpare: task.drawsSpare,
      limit: config.limit
    })
  ]
  const questions: QuestionResult[] = []
  let truncated = 0
  const report = () =>
    progress?.({ task: `benchmark ${task.name}`, done: questions.length, total: draws.length, unit: 'questions' })
  report()
  for (let begin = 0; begin < draws.length; begin += UNIT) {
    run.context.signal?.throwIfAborted()
    const key = `${task.name} ${begin}`
    if (only?.(key) === false) continue
    const unit = await remember(key, () => runUnit(task, draws.slice(begin, begin + UNIT), rows, run))
    questions.push(...unit.questions)
    truncated += unit.truncated
    report()
  }
  return { task: task.name, version: task.version, shots, digests: rows.digests, truncated, questions }
}

async function runUnit(
  task: BenchmarkTask,
  draws: readonly Draw[],
  rows: TaskRows,
  { profile, maxLength, model, context }: SuiteRun
) {
  const encode = requestEncoder(model.tokenizer, profile.bos, maxLength)
  const asked = draws.map(({ index, examples }) => {
    const question = rows.questions[index]
    return {
      index,
      question,
      requests: requestsOf(
        question,
        examples.map(i => rows.training[i])
      ).map(encode)
    }
  })
  const scores = await scoreRequests(
    model,
    asked.flatMap(({ requests }) => requests),
    context.signal
  )
  let next = 0
  const questions = asked.map(({ index, question, requests }): QuestionResult => {
    const logLikelihoods = scores.slice(next, (next += requests.length))
    return { index, logLikelihoods, metrics: metricsOf(task, question, logLikelihoods, profile) }
  })
  return { questions, truncated: countTruncated(asked) }
}

const countTruncated = (asked: readonly { readonly requests: readonly EncodedRequest[] }[]) =>
  asked.flatMap(({ requests }) => requests).filter(({ truncated }) => truncated > 0).length

const metricsOf = (
  { metrics }: BenchmarkTask,
  question: Question,
  logLikelihoods: readonly number[],
  { mc2 }: HarnessProfile
) =>
  Object.fromEntries(
    metrics.map(metric => [metric, scoreQuestion(metric, question, logLikelihoods, mc2)])
  ) as QuestionResult['metrics']

/** Mean and standard error of each metric, under the names of the harness. */
function taskMetrics({ questions }: TaskResult): Record<string, number> {
  const metrics = Object.keys(questions[0].metrics) as Metric[]
  return Object.fromEntries(
    metrics.flatMap(metric => {
      const { mean, stderr } = meanAndError(questions.map(({ metrics }) => metrics[metric] as number))
      return [[metric, mean], ...(stderr === undefined ? [] : [[`${metric}_stderr`, stderr]])]
    })
  ) as Record<string, number>
}

/** Every question is a unit of every metric. */
export function benchmarkSamples({ details }: EvalResult): readonly MetricSamples[] {
  return (details as BenchmarksDetails).tasks.flatMap(({ task, questions }) =>
    (Object.keys(questions[0].metrics) as Metric[]).map((metric): MetricSamples => ({
      metric: `${task}/${metric}`,
      better: 'higher',
      scale: 'linear',
      units: questions.map(({ index, metrics }) => ({
        id: `${task} ${index}`,
        value: metrics[metric] as number,
        weight: 1
      }))
    }))
  )
}
