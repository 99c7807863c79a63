import { readNamedFile } from '@skipwise/checkpoints'
import { SkipwiseError, type EvalResult } from '@skipwise/core'
import { evalResultSchema } from './eval-result-schema.js'

/** A result that `skipwise eval --output` or `--json` wrote. @throws SkipwiseError `EVAL_RESULT`, `FILE_REFUSED` */
export async function readResult(file: string): Promise<EvalResult> {
  const fix = 'name a file that skipwise eval --output wrote'
  const bytes = await readNamedFile(file, 'result')
  if (bytes === undefined) throw new SkipwiseError('EVAL_RESULT', { problem: `${file} is not there`, fix })
  let value: unknown
  try {
    value = JSON.parse(new TextDecoder().decode(bytes))
  } catch (cause) {
    throw new SkipwiseError('EVAL_RESULT', { problem: `${file} is not JSON (${(cause as Error).message})`, fix, cause })
  }
  const result = evalResultSchema.safeParse(value)
  if (!result.success) throw new SkipwiseError('EVAL_RESULT', { problem: `${file} is no result of an evaluation (${result.error.issues[0].path.join('.')}: ${result.error.issues[0].message})`, fix })
  return result.data
}
