import { readNamedFile } from '@skipwise/checkpoints'
import { createHash } from 'node:crypto'
import {
  definePlugin,
  metricAt,
  randomStream,
  resultOfShard,
  SkipwiseError,
  type EvalContext,
  type EvalResult,
  type EvalSuite,
  type LanguageModel,
  type MetricSamples,
  withoutUndefined
} from '@skipwise/core'
import { wilsonInterval } from '@skipwise/evaluation'
import { effectiveLength, type TaskResult, type TasksDetails, type TaskTrial } from './results.js'
import { shareChart, taskChart } from './charts.js'
import { bosCount, continueGreedily, readAnswer } from './prompts.js'
import { questionDocument, shortestQuestion, type QuestionDocument, type QuestionOptions } from './question-document.js'
import { tasksConfig, type TasksConfig } from './config.js'
import { commonWords } from './tasks/common-words.js'
import { frequentWords } from './tasks/frequent-words.js'
import { lines, topics } from './tasks/longchat.js'
import { needleTasks } from './tasks/needles.js'
import { variableTracking } from './tasks/variable-tracking.js'
import { noiseText, textHaystack, type HaystackText } from './tasks/haystack.js'
import type { RetrievalTask } from './tasks/task.js'

/** A suite of retrieval tasks under one name. */
export interface TasksSuite {
  readonly name: string
  readonly title: string
  /** Of prompts and scoring: the `version` of its results. */
  readonly version: number
  readonly tasks: readonly RetrievalTask[]
}

/** The suite of some tasks with a configuration. */
export const createTasksSuite = (suite: TasksSuite, config: TasksConfig): EvalSuite => ({
  run: (model, context) => run(suite, config, model, context),
  charts: results => {
    const own = results.filter(result => result.suite === suite.name)
    if (own.length === 0) return []
    return [
      shareChart(own, {
        id: suite.name,
        metric: 'average',
        title: `${suite.title}, average of the tasks, by context length`,
        y: 'Answers found'
      }),
      taskChart(own, suite)
    ]
  },
  samples: taskSamples
})

async function run(
  { name, version, tasks }: TasksSuite,
  config: TasksConfig,
  model: LanguageModel,
  context: EvalContext
): Promise<EvalResult> {
  const haystack = await readHaystack(config, context)
  const chosen = tasks.filter(task => config.tasks.includes(task.name))
  const options = (task: RetrievalTask, length: number, trial: number): QuestionOptions => {
    const jitter = randomStream({
      seed: context.seed,
      stream: `${task.name} depth`,
      epoch: length,
      index: trial
    }).uniform()
    return {
      length,
      seed: context.seed,
      trial,
      depth: (trial + jitter) / config.trials,
      text: haystack.text,
      maxNewTokens: config.maxNewTokens ?? task.maxNewTokens
    }
  }
  // Every task at every length is tried for room first: hours of work must not end in a coded error.
  for (const task of chosen)
    for (const length of config.lengths) shortestQuestion(task, model.tokenizer, options(task, length, 0))
  const results: TaskResult[] = []
  for (const length of config.lengths) {
    for (const task of chosen) {
      const trials: TaskTrial[] = []
      const report = () =>
        context.progress?.({
          task: `${task.name} ${length}`,
          done: trials.length,
          total: config.trials,
          unit: 'trials',
          metrics: trials.length > 0 ? { accuracy: mean(trials) } : undefined
        })
      report()
      for (let trial = 0; trial < config.trials; trial++) {
        context.signal?.throwIfAborted()
        const unit = `${metricAt(task.name, length)} ${trial} ${haystack.digest ?? 'noise'}`
        if (context.only?.(unit) === false) continue
        const asked = options(task, length, trial)
        const ask = () =>
          answer(questionDocument(task, model.tokenizer, asked), asked.maxNewTokens, model, context.signal)
        trials.push(await (context.remember ? context.remember(unit, ask) : ask()))
        report()
      }
      results.push({
        task: task.name,
        length,
        score: mean(trials),
        interval: wilsonInterval(trials.length * mean(trials), trials.length),
        trials
      })
    }
  }
  const described = { suite: name, version, model: model.name, config }
  if (context.only) return resultOfShard(described)
  const averages = config.lengths.map((length): [number, number] => {
    const scores = results.filter(result => result.length === length).map(({ score }) => score)
    return [length, scores.reduce((sum, score) => sum + score, 0) / scores.length]
  })
  const effective = effectiveLength(averages, config.threshold)
  const details: TasksDetails = {
    maxLength: model.maxLength,
    bos: bosCount(model.tokenizer) === 1,
    haystack: haystack.digest,
    effectiveLength: effective,
    results
  }
  return {
    ...described,
    metrics: {
      ...Object.fromEntries(averages.map(([length, score]) => [metricAt('average', length), score])),
      ...Object.fromEntries(results.map(({ task, length, score }) => [metricAt(task, length), score])),
      'effective-length': effective
    },
    details
  }
}

async function answer(
  { prompt, answers, tokens, depth }: QuestionDocument,
  maxNewTokens: number,
  model: LanguageModel,
  signal: AbortSignal | undefined
): Promise<TaskTrial> {
  const { text, score } = await readAnswer(
    continueGreedily(model, prompt, maxNewTokens, signal),
    answers,
    model.tokenizer
  )
  return withoutUndefined({ tokens, depth, answers, generated: text, score })
}

async function readHaystack(
  { haystack }: TasksConfig,
  { resolvePath }: EvalContext
): Promise<{ readonly text: HaystackText; readonly digest: string | null }> {
  if (haystack === undefined) return { text: noiseText, digest: null }
  const bytes = await readNamedFile(resolvePath(haystack), 'haystack')
  if (bytes === undefined)
    throw new SkipwiseError('RETRIEVAL_HAYSTACK', {
      problem: `the haystack file ${resolvePath(haystack)} does not exist`,
      fix: 'use a text file'
    })
  const text = textHaystack(new TextDecoder().decode(bytes))
  if (text === noiseText)
    throw new SkipwiseError('RETRIEVAL_HAYSTACK', {
      problem: `the haystack ${haystack} contains no text`,
      fix: 'use a text file'
    })
  return { text, digest: createHash('sha256').update(bytes).digest('hex') }
}

const mean = (trials: readonly TaskTrial[]): number => trials.reduce((sum, { score }) => sum + score, 0) / trials.length

/** The questions that each metric is the mean of. */
function taskSamples({ details, config }: EvalResult): MetricSamples[] {
  const { results } = details as TasksDetails
  const lengths = config['lengths'] as readonly number[]
  const samples = (metric: string, of: readonly TaskResult[]): MetricSamples => ({
    metric,
    better: 'higher',
    scale: 'linear',
    units: of.flatMap(({ task, length, trials }) =>
      trials.map(({ score, answers }, i) => ({
        id: `${metricAt(task, length)} ${i} ${answers.join(' ')}`,
        value: score,
        weight: 1
      }))
    )
  })
  return [
    ...lengths.map(length =>
      samples(
        metricAt('average', length),
        results.filter(result => result.length === length)
      )
    ),
    ...results.map(result => samples(metricAt(result.task, result.length), [result]))
  ]
}

/** The tasks of RULER that need no corpus of others. */
export const rulerTasks: readonly RetrievalTask[] = [...needleTasks, variableTracking, commonWords, frequentWords]

/** The tasks of LongChat's evaluation. */
export const longchatTasks: readonly RetrievalTask[] = [topics, lines]

/**
 * RULER's tasks that need no corpus of others, with RULER's scoring: needles of one and of many keys, values and
 * queries, variable tracking, common and frequent words; from their average, the effective context length.
 *
 * @example
 * ```ts
 * const suite = ruler({ lengths: [4096, 16384], tasks: ['niah-single-1', 'variable-tracking'] })
 * ```
 */
export const ruler = definePlugin({
  kind: 'eval-suite',
  name: 'ruler',
  summary: "RULER's needles, variable tracking, common and frequent words",
  config: tasksConfig(rulerTasks),
  create: config => createTasksSuite({ name: 'ruler', title: 'RULER', version: 1, tasks: rulerTasks }, config)
})

/** LongChat's tasks: the first topic of a long conversation, and the number of one line among many. */
export const longchat = definePlugin({
  kind: 'eval-suite',
  name: 'longchat',
  summary: "LongChat's topic and line retrieval",
  config: tasksConfig(longchatTasks),
  create: config => createTasksSuite({ name: 'longchat', title: 'LongChat', version: 1, tasks: longchatTasks }, config)
})
