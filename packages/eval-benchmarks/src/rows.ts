import { SkipwiseError, type EvalContext, withoutUndefined } from '@skipwise/core'
import { readRecords } from '@skipwise/data'
import { createHash } from 'node:crypto'
import type { z } from 'zod'
import type { TaskConfig } from './config.js'
import { downloadSplit } from './hub.js'
import type { BenchmarkTask, Question } from './task.js'

/** Questions and examples of a benchmark: the records as they are, and what the task makes of them. */
export interface TaskRows {
  readonly records: readonly unknown[]
  readonly questions: readonly Question[]
  readonly trainingRecords: readonly unknown[]
  readonly training: readonly Question[]
  /** SHA-256 of the records. */
  readonly digests: { readonly data: string; readonly training?: string }
}

/**
 * Reads the records of a benchmark, from files or the hub.
 *
 * @throws SkipwiseError `BENCHMARK_DATA`, `BENCHMARK_SHOTS`, `BENCHMARK_RECORD`, `BENCHMARK_HUB`, and what reading
 * files throws
 */
export async function loadRows(
  task: BenchmarkTask,
  { data, training }: TaskConfig,
  shots: number,
  context: EvalContext
): Promise<TaskRows> {
  if (shots > 0 && data !== undefined && training === undefined) {
    throw new SkipwiseError('BENCHMARK_SHOTS', {
      problem: `${task.name} needs ${shots} few-shot examples, and has no training data to draw them from`,
      fix: 'give the files of its training split, or set shots to 0'
    })
  }
  const questions = await load(task, data, task.hub.evaluation, context)
  const examples = shots > 0 ? await load(task, training, task.hub.training as string, context) : undefined
  if (questions.records.length === 0) throw dataError(`the data of ${task.name} has no records`, 'give other files')
  if (examples && examples.records.length <= shots)
    throw dataError(
      `${task.name} needs more than ${shots} training records, and there are ${examples.records.length}`,
      'give the whole training split, or use fewer shots'
    )
  return {
    records: questions.records,
    questions: questions.questions,
    trainingRecords: examples?.records ?? [],
    training: examples?.questions ?? [],
    digests: withoutUndefined({ data: digest(questions.records), training: examples && digest(examples.records) })
  }
}

async function load(
  task: BenchmarkTask,
  files: TaskConfig['data'],
  split: string,
  context: EvalContext
): Promise<{ records: unknown[]; questions: Question[] }> {
  const { signal, resolvePath, progress } = context
  const records: unknown[] = []
  const questions: Question[] = []
  const patterns =
    files === undefined
      ? [await downloadSplit(task.hub.dataset, split, { progress, signal })]
      : [files].flat().map(resolvePath)
  for await (const { record, source } of readRecords(patterns, signal ? { signal } : {})) {
    records.push(record)
    questions.push(question(task, record, source))
  }
  return { records, questions }
}

function question(task: BenchmarkTask, record: unknown, source: string): Question {
  const parsed = task.row.safeParse(record)
  if (parsed.success) return task.question(parsed.data as z.output<typeof task.row>)
  const [{ path, message }] = parsed.error.issues
  throw new SkipwiseError('BENCHMARK_RECORD', {
    problem: `${source}: as a record of ${task.name}, ${path.join('.') || 'it'} ${message.charAt(0).toLowerCase()}${message.slice(1)}`,
    fix: `use the data of ${task.hub.dataset}`
  })
}

const digest = (records: readonly unknown[]) => {
  const hash = createHash('sha256')
  for (const record of records) hash.update(`${JSON.stringify(record)}\n`)
  return hash.digest('hex')
}

const dataError = (problem: string, fix: string) => new SkipwiseError('BENCHMARK_DATA', { problem, fix })
