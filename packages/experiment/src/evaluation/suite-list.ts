import { SkipwiseError, type PluginReference } from '@skipwise/core'
import { readFile } from 'node:fs/promises'
import { parse } from 'yaml'
import { z } from 'zod'
import { toReference } from '../parts.js'
import { referenceSchema } from '../reference-schema.js'

const listSchema = z.union([z.array(referenceSchema).min(1), z.looseObject({ evaluate: z.array(referenceSchema).min(1) }).transform(({ evaluate }) => evaluate)])

/**
 * The suites of a YAML file: a list as under `evaluate` of a recipe, or the recipe itself.
 *
 * @throws SkipwiseError `EVAL_SUITES`
 */
export async function readSuites(file: string): Promise<PluginReference[]> {
  const invalid = (problem: string, cause?: unknown) => new SkipwiseError('EVAL_SUITES', { problem: `${file} ${problem}`, fix: 'write a list of suites as under evaluate of a recipe, for instance - passkey: { lengths: [512] }', cause })
  const text = await readFile(file, 'utf8').catch((cause: NodeJS.ErrnoException) => {
    throw invalid(`cannot be read (${cause.code})`, cause)
  })
  let value: unknown
  try {
    value = parse(text)
  } catch (cause) {
    throw invalid(`is not YAML (${(cause as Error).message})`, cause)
  }
  const list = listSchema.safeParse(value)
  if (!list.success) throw invalid('is no list of suites')
  return list.data.map(toReference)
}
