import { readNamedFile } from '@skipwise/checkpoints'
import { clip, SkipwiseError, type Chart, type EvalResult } from '@skipwise/core'
import { stat } from 'node:fs/promises'
import { basename, dirname, join, resolve } from 'node:path'
import { z } from 'zod'
import { evalResultSchema, RESULT_FILE } from '@skipwise/evaluation'
import type { ExperimentResult } from './result.js'

/** What a file has for a report. */
export interface ReportSource {
  readonly file: string
  readonly results: readonly EvalResult[]
  readonly charts: readonly Chart[]
  /** The run that `skipwise extend` or `skipwise train` made. */
  readonly run?: ExperimentResult
}

const text = { id: z.string(), title: z.string(), description: z.string() }
const axis = z.looseObject({ label: z.string(), scale: z.enum(['linear', 'log']) })
const linear = z.looseObject({ label: z.string(), scale: z.literal('linear') })
const categories = z.looseObject({ label: z.string(), categories: z.array(z.string()) })
const value = z.number().nullable()
const pair = z.tuple([z.number(), z.number()])
const chart = z.union([
  z.looseObject({
    ...text,
    kind: z.literal('bar'),
    x: categories,
    y: linear,
    series: z.array(
      z.looseObject({ name: z.string(), values: z.array(value), intervals: z.array(pair.nullable()).optional() })
    )
  }),
  z.looseObject({
    ...text,
    kind: z.literal('heat-map'),
    x: categories,
    y: categories,
    value: linear,
    series: z.array(z.looseObject({ name: z.string(), cells: z.array(z.array(value)) }))
  }),
  z.looseObject({
    ...text,
    kind: z.literal('line').optional(),
    x: axis,
    y: axis,
    series: z.array(z.looseObject({ name: z.string(), points: z.array(pair) })),
    rules: z.array(z.looseObject({ x: z.number(), label: z.string() })).optional()
  })
])

// a score that is not finite is written as null
const validation = z.looseObject({ scores: z.array(z.looseObject({ step: z.number(), score: value })) })
const validate = z.looseObject({ metric: z.string(), better: z.enum(['lower', 'higher']).optional() })

const run = z.looseObject({
  kind: z.enum(['extend', 'train']),
  name: z.string(),
  recipe: z.looseObject({ train: z.looseObject({ validate: validate.optional() }).optional() }),
  window: z.looseObject({ original: z.number(), target: z.number() }),
  seeds: z.looseObject({ train: z.number() }),
  data: z.looseObject({ digest: z.string() }),
  training: z.looseObject({
    steps: z.number(),
    losses: z.array(z.number()).min(1),
    tokensPerSecond: z.number(),
    peakMemoryMB: z.number(),
    validation: validation.optional()
  }),
  results: z.looseObject({ base: z.array(evalResultSchema), model: z.array(evalResultSchema) })
})

/**
 * Reads what a report can show: a result of `skipwise eval` (or a list of them), the folder or `skipwise.json` of a
 * run, or any JSON object with `charts`.
 *
 * @throws SkipwiseError `REPORT_FILE`, `FILE_REFUSED`
 */
export async function readReportFile(path: string): Promise<ReportSource> {
  const file = (await stat(path).then(
    found => found.isDirectory(),
    () => false
  ))
    ? join(path, RESULT_FILE)
    : path
  const json = await readJson(file)
  const source = { file, results: [], charts: [] }
  const one = evalResultSchema.safeParse(json)
  const list = z.array(evalResultSchema).min(1).safeParse(json)
  if (one.success) return { ...source, results: [one.data] }
  if (list.success) return { ...source, results: list.data }
  const made = run.safeParse(json)
  if (made.success) {
    // The schemas check what is drawn and let the rest pass, which zod's types cannot say: hence the casts, here and
    // below. Runs are distinguished by their folders: a name can be the same in all of them.
    const {
      results: { base, model }
    } = made.data
    const name = basename(dirname(resolve(file)))
    return {
      ...source,
      results: [...base, ...model.map(result => ({ ...result, model: name }))],
      run: { ...(made.data as unknown as ExperimentResult), name }
    }
  }
  const drawn = z.looseObject({ charts: z.array(chart).min(1) }).safeParse(json)
  if (drawn.success) return { ...source, charts: drawn.data.charts as unknown as Chart[] }
  throw fileError(`${file} contains no result, no run and no charts`)
}

async function readJson(file: string): Promise<unknown> {
  const bytes = await readNamedFile(file, 'result')
  if (bytes === undefined) throw fileError(`there is no ${file}`)
  try {
    return JSON.parse(new TextDecoder().decode(bytes))
  } catch (cause) {
    throw fileError(
      `${file} cannot be read as JSON (${clip(cause instanceof Error ? cause.message : String(cause), 120)})`,
      cause
    )
  }
}

const fileError = (problem: string, cause?: unknown) =>
  new SkipwiseError('REPORT_FILE', {
    problem,
    fix: 'pass files that skipwise eval --output wrote, or folders of runs',
    cause
  })
