import {
  isSkipwiseError,
  SkipwiseError,
  type PluginReference,
  type PositionTransform,
  type Window
} from '@skipwise/core'
import { lstat, readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { lengthsBeyond } from './evaluation/default-lengths.js'
import type { ModelSource } from './model-source.js'
import { checkPlace } from './writable-place.js'

/** Name of the file in an output folder that says where it comes from. */
export const RESULT_FILE = 'skipwise.json'

export const verbError = (problem: string, fix: string) => new SkipwiseError('RECIPE_VERB', { problem, fix })

export const unavailable = (reason: string) =>
  new SkipwiseError('EXECUTOR_UNAVAILABLE', { problem: reason, fix: 'name another executor: see `skipwise plugins`' })

export const dataError = (minTokens: number, fewest: number) =>
  new SkipwiseError('RECIPE_DATA', {
    problem: `minTokens is ${minTokens}, but an example needs ${fewest} tokens`,
    fix: `use at least ${fewest}, or a smaller window.original`
  })

export const keyError = (textKey: string, format: string) =>
  new SkipwiseError('RECIPE_DATA', {
    problem: `textKey is '${textKey}', but records of the format ${format} have their text in ${format === 'messages' ? 'messages' : 'prompt and completion'}`,
    fix: 'leave out textKey or format'
  })

/** The fewest tokens of a document in a packed example: shorter ones teach little and make rows of many parts. */
export const packedMinimum = ({ original }: Window): number => Math.min(32, original)

/**
 * Packing gives a transform windows as short as a document. @throws SkipwiseError `RECIPE_DATA`, and what the transform
 * throws at such a window
 */
export function checkPacking(transform: PositionTransform, window: Window, minTokens = packedMinimum(window)): void {
  const shortest = { original: Math.min(minTokens, window.original), target: window.target }
  if (transform.exampleLength || transform.minimumTokens(shortest) > shortest.original) {
    throw new SkipwiseError('RECIPE_DATA', {
      problem: 'pack puts short documents together, but the position transform makes examples of long ones',
      fix: 'remove pack, or use another transform'
    })
  }
  transform.example(new Int32Array(shortest.original), shortest, { seed: 0, epoch: 0, index: 0 })
}

/** The windows against the model and one another, by the key that is wrong. */
export function checkWindow(
  { original, target }: Window,
  source: ModelSource | undefined,
  kind: 'extend' | 'train'
): Record<'original' | 'target', SkipwiseError[]> {
  const errors: Record<'original' | 'target', SkipwiseError[]> = { original: [], target: [] }
  const add = (key: 'original' | 'target', problem: string, fix: string) =>
    errors[key].push(new SkipwiseError('RECIPE_WINDOW', { problem, fix }))
  if (target < original)
    add(
      'target',
      `window.target ${target} is smaller than window.original ${original}`,
      'name the longer window to reach'
    )
  if (source === undefined) return errors
  const { model, rope } = source
  const own = model.geometry.maxPositionEmbeddings
  if (original > own)
    add(
      'original',
      `window.original ${original} is larger than the model's window of ${own} (max_position_embeddings)`,
      `use at most ${own}`
    )
  if (target < original) return errors
  if (kind === 'extend' && target < rope.geometry.originalLength) {
    add(
      'target',
      `window.target ${target} is smaller than the model's window of ${rope.geometry.originalLength}`,
      'name a longer window to reach'
    )
  }
  return errors
}

/**
 * Windows that a position transform cannot serve are known to it when it makes an example: it makes one, of a document
 * of zeros.
 */
export function checkPositions(transform: PositionTransform, window: Window, minimumTokens: number): SkipwiseError[] {
  try {
    transform.example(new Int32Array(minimumTokens), window, { seed: 0, epoch: 0, index: 0 })
  } catch (error) {
    // what it says of the document is of no document of the recipe's
    if (isSkipwiseError(error) && error.code === 'POSITIONS_WINDOW') return [error]
    if (!isSkipwiseError(error)) throw error
  }
  return []
}

/** An id beyond the embedding would read another's memory. */
export function checkTokenizer({ tokenizer, model }: ModelSource): SkipwiseError[] {
  const { vocabSize } = model.geometry
  if (tokenizer.vocabSize <= vocabSize) return []
  return [
    new SkipwiseError('RECIPE_TOKENIZER', {
      problem: `the tokenizer has ${tokenizer.vocabSize} tokens, the model knows ${vocabSize} (vocab_size)`,
      fix: 'use the tokenizer of the model'
    })
  ]
}

/** Scaled further from the wrong window, a model gets a factor that is off by that of the file. */
function windowUnclear({ name, geometry: { originalLength, targetLength } }: ModelSource['rope']): SkipwiseError {
  return new SkipwiseError('RECIPE_ROPE_SCALED', {
    problem: `the model's RoPE is scaled by ${name}, and its config.json does not say whether ${Math.round(targetLength)} tokens are its window after that or before`,
    fix: `write "original_max_position_embeddings": ${Math.round(originalLength)} or ${Math.round(targetLength)} into its config.json: the window that it was first trained with`
  })
}

/**
 * A scaled RoPE can be scaled further by its own scheme; two schemes on top of one another are no scheme that anyone
 * reads.
 */
export function checkRope(scheme: string, { rope, model }: ModelSource): SkipwiseError[] {
  if (model.geometry.rotaryDim === 0 && scheme !== 'none') {
    return [
      new SkipwiseError('RECIPE_ROPE_NONE', {
        problem: `the model has no RoPE (${model.positionalEncoding}), the recipe's interpolation is ${scheme}`,
        fix: 'remove interpolation: its window is extended by positions alone'
      })
    ]
  }
  if (rope.name === 'none') return []
  if (rope.name === scheme) return rope.windowUnclear ? [windowUnclear(rope)] : []
  return [
    new SkipwiseError('RECIPE_ROPE_SCALED', {
      problem: `the model's RoPE is already scaled by ${rope.name}, the recipe's interpolation is ${scheme}`,
      fix: `use ${rope.name}, which is then computed again from the original ${Math.round(rope.geometry.originalLength)} tokens, or extend the model before it was scaled`
    })
  ]
}

/** Evaluations beyond the target measure nothing that was trained; suites name their lengths `windows` or `lengths`. */
export function checkEvaluation(reference: PluginReference, { target }: Window): SkipwiseError[] {
  const { name } = reference
  const beyond = lengthsBeyond(reference, target)
  if (!beyond.length) return []
  return [
    new SkipwiseError('RECIPE_EVALUATION', {
      problem: `${name} is to be evaluated at ${beyond.join(', ')} tokens, beyond the window of ${target}`,
      fix: `use lengths up to ${target}, or a larger window.target`
    })
  ]
}

/** An output folder may be missing, empty, or the result of this very run; before its key is known, of any run. */
export async function checkOutput(output: string, resultKey?: string): Promise<void> {
  if (
    await lstat(output).then(
      found => found.isSymbolicLink(),
      () => false
    )
  ) {
    throw new SkipwiseError('OUTPUT_EXISTS', {
      problem: `${output} is a link, which a finished folder cannot be put in the place of`,
      fix: 'name the folder itself, or another output'
    })
  }
  await checkPlace(output)
  const files = await readdir(output).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return []
    throw new SkipwiseError('OUTPUT_EXISTS', {
      problem: `${output} is not a folder (${error.code})`,
      fix: 'name another output'
    })
  })
  const stored = files.length ? await storedKey(output) : undefined
  if (!files.length || (stored !== undefined && (resultKey === undefined || stored === resultKey))) return
  throw new SkipwiseError('OUTPUT_EXISTS', {
    problem: `${output} exists and is not the result of this recipe with these files`,
    fix: 'name another output, or remove the folder'
  })
}

/** Key of the run that made a folder, undefined when it was none. */
export async function storedKey(folder: string): Promise<string | undefined> {
  try {
    return (JSON.parse(await readFile(join(folder, RESULT_FILE), 'utf8')) as { resultKey?: string }).resultKey
  } catch {
    return undefined
  }
}
