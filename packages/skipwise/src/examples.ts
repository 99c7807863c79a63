import { clip, nearestName, SkipwiseError } from '@skipwise/core'
import { readNamedFile } from '@skipwise/checkpoints'
import { readdir } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'

/** What names a recipe of this package in place of a file: `example:tinyllama-1.1b-16k`. */
const PREFIX = 'example:'

const folder = new URL('../recipes/', import.meta.url)

/** Whether a recipe is one of this package. */
export const isExample = (recipe: string): boolean => recipe.startsWith(PREFIX)

/** A recipe that comes with this package. */
export interface Example {
  readonly name: string
  /** What it does, one line. */
  readonly summary: string
  /** What it takes, one line: memory by the memory plan. */
  readonly memory: string
  readonly text: string
}

/** Names of the recipes of this package, in order. */
async function names(): Promise<string[]> {
  const files = await readdir(fileURLToPath(folder))
  return files.flatMap(file => /^(.+)\.yaml$/.exec(file)?.[1] ?? []).sort()
}

/** The recipes of this package, by name. */
export const listExamples = async (): Promise<Example[]> => Promise.all((await names()).map(read))

/**
 * A recipe of this package.
 *
 * @param recipe its name, with or without `example:`
 * @throws SkipwiseError `RECIPE_NOT_FOUND` with those that there are
 */
export async function findExample(recipe: string): Promise<Example> {
  const name = isExample(recipe) ? recipe.slice(PREFIX.length) : recipe
  const known = await names()
  if (known.includes(name)) return read(name)
  const nearest = nearestName(name, known)
  throw new SkipwiseError('RECIPE_NOT_FOUND', {
    problem: `there is no example '${clip(name)}'${nearest === undefined ? '' : `; did you mean '${nearest}'?`}`,
    fix: `use ${PREFIX}NAME with one of ${known.join(', ')}`
  })
}

async function read(name: string): Promise<Example> {
  const bytes = await readNamedFile(fileURLToPath(new URL(`${name}.yaml`, folder)), 'recipe')
  const text = new TextDecoder().decode(bytes)
  const comment = text.slice(0, text.indexOf('\nmodel:')).replaceAll(/^# ?/gm, '')
  const [summary] = comment.split('\n\n')
  const memory = /^Memory: (.*)$/m.exec(comment)?.[1] ?? ''
  return { name, summary: summary.replaceAll('\n', ' '), memory, text }
}
