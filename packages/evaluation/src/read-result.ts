import { readNamedFile } from '@skipwise/checkpoints'
import { clip, SkipwiseError, type EvalResult } from '@skipwise/core'
import { readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'

/** What a file must have to be a result of an evaluation. */
export const evalResultSchema = z.looseObject({
  suite: z.string(),
  version: z.int(),
  model: z.string(),
  config: z.record(z.string(), z.unknown()),
  metrics: z.record(z.string(), z.number()),
  details: z.unknown()
})

/** Name of the file in an output folder that records how it was made. */
export const RESULT_FILE = 'skipwise.json'

const fix = 'pass a file that skipwise eval --output wrote, or the folder of a run'

const resultError = (problem: string, cause?: unknown) => new SkipwiseError('EVAL_RESULT', { problem, fix, cause })

const runSchema = z.looseObject({ results: z.looseObject({ model: z.array(evalResultSchema) }) })

/** JSON of a file. @throws SkipwiseError `EVAL_RESULT`, `FILE_REFUSED` */
async function readJson(file: string): Promise<unknown> {
  const bytes = await readNamedFile(file, 'result')
  if (bytes === undefined) throw resultError(`${file} does not exist`)
  try {
    return JSON.parse(new TextDecoder().decode(bytes))
  } catch (cause) {
    throw resultError(
      `${file} is not JSON (${clip(cause instanceof Error ? cause.message : String(cause), 120)})`,
      cause
    )
  }
}

/** A result that `skipwise eval --output` or `--json` wrote. @throws SkipwiseError `EVAL_RESULT`, `FILE_REFUSED` */
export async function readResult(file: string): Promise<EvalResult> {
  const result = evalResultSchema.safeParse(await readJson(file))
  if (!result.success)
    throw resultError(
      `${file} is not the result of an evaluation (at ${result.error.issues[0].path.map(part => clip(String(part))).join('.') || 'its root'})`
    )
  return result.data
}

/**
 * The results in a file or folder: a file of one result; the folder or the `skipwise.json` of a run, whose results are
 * those of the model that it wrote; or a folder of files that `skipwise eval --output` wrote.
 *
 * @returns at least one
 * @throws SkipwiseError `EVAL_RESULT`
 */
export async function readResults(path: string): Promise<EvalResult[]> {
  const isFolder = await stat(path).then(
    found => found.isDirectory(),
    () => false
  )
  if (!isFolder) return readFileOfResults(path)
  const names = (await readdir(path)).sort()
  if (names.includes(RESULT_FILE)) return readFileOfResults(join(path, RESULT_FILE))
  const results: EvalResult[] = []
  for (const name of names.filter(name => name.endsWith('.json'))) {
    const read = evalResultSchema.safeParse(await readJson(join(path, name)))
    if (read.success) results.push(read.data)
  }
  if (results.length === 0) throw resultError(`${path} contains no ${RESULT_FILE} of a run and no results`)
  return results
}

async function readFileOfResults(file: string): Promise<EvalResult[]> {
  const json = await readJson(file)
  const run = runSchema.safeParse(json)
  if (!run.success) return [await readResult(file)]
  if (run.data.results.model.length === 0) throw resultError(`the run of ${file} has no evaluations`)
  return run.data.results.model
}
