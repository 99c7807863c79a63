import { readNamedFile } from '@skipwise/checkpoints'
import { SkipwiseError, type PluginReference } from '@skipwise/core'
import { parse } from 'yaml'
import { z } from 'zod'
import { toReference } from './parts.js'
import { referenceSchema } from './reference-schema.js'

const listSchema = z.union([
  z.array(referenceSchema).min(1),
  z.looseObject({ evaluate: z.array(referenceSchema).min(1) }).transform(({ evaluate }) => evaluate)
])

/**
 * The suites of a YAML file: a list as under `evaluate` of a recipe, or the recipe itself.
 *
 * @throws SkipwiseError `EVAL_SUITES`, `FILE_REFUSED`
 */
export async function readSuites(file: string): Promise<PluginReference[]> {
  const invalid = (problem: string, cause?: unknown) =>
    new SkipwiseError('EVAL_SUITES', {
      problem: `${file} ${problem}`,
      fix: 'write a list of suites, as under evaluate in a recipe, for instance - passkey: { lengths: [512] }',
      cause
    })
  const bytes = await readNamedFile(file, 'recipe')
  if (bytes === undefined) throw invalid('is not there')
  let value: unknown
  try {
    value = parse(new TextDecoder().decode(bytes))
  } catch (cause) {
    throw invalid(`is not YAML (${(cause as Error).message})`, cause)
  }
  const list = listSchema.safeParse(value)
  if (!list.success) throw invalid('is not a list of suites')
  return list.data.map(toReference)
}
