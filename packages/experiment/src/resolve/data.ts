import { digestOfJson } from '@skipwise/checkpoints'
import { SkipwiseError, type PositionTransform, type Window } from '@skipwise/core'
import { loadCorpus, matchFiles, type ConversationRenderer } from '@skipwise/data'
import { join, resolve } from 'node:path'
import { Collector } from '../collector.js'
import type { WeightedCorpus } from '../examples.js'
import type { ModelSource } from '../model-source.js'
import type { RecipePath } from '../recipe-places.js'
import type { Recipe } from '../recipe-schema.js'
import { inputInside, isInside, type StateFolder } from '../state-folder.js'
import type { ResolveContext } from './context.js'

/** The documents of a run. */
export interface DataPart {
  readonly data: readonly WeightedCorpus[]
  readonly dataDigest: string
}

/** The sources of a recipe, one where it has no list of them. */
const sourcesOf = ({ data }: Recipe) => ('sources' in data ? data.sources : [{ ...data, weight: 1 }])

const pathOf = ({ data }: Recipe, index: number): RecipePath =>
  'sources' in data ? ['data', 'sources', index] : ['data']

/**
 * The data as far as it can be checked without reading documents.
 *
 * @param fewest tokens that an example needs, where that is known
 * @throws SkipwiseErrors `RECIPE_DATA`, `STATE_FOREIGN`, `DATA_NO_FILES`
 */
export async function checkData(
  { recipe, baseFolder, state, window, document }: ResolveContext,
  transform: PositionTransform | undefined,
  fewest: number | undefined
): Promise<void> {
  const check = Collector.ofPart(document)
  for (const [i, { files, minTokens, pack, textKey, format }] of sourcesOf(recipe).entries()) {
    const path = pathOf(recipe, i)
    for (const [k, pattern] of files.entries())
      await check.attempt([...path, 'files', k], () => checkDataFiles(pattern, baseFolder, state))
    if (format !== undefined && format !== 'text' && textKey !== undefined)
      check.add([...path, 'textKey'], [keyError(textKey, format)])
    if (pack && transform && window.target >= window.original)
      await check.attempt([...path, 'pack'], () => checkPacking(transform, window, minTokens), [
        ['positions'],
        ['window']
      ])
    else if (minTokens !== undefined && fewest !== undefined && minTokens < fewest)
      check.add([...path, 'minTokens'], [dataError(minTokens, fewest)], [['positions'], ['window']])
  }
  check.end()
}

/** Documents may not lie where the run writes. @throws SkipwiseError `STATE_FOREIGN`, `DATA_NO_FILES` */
async function checkDataFiles(pattern: string, baseFolder: string, state: StateFolder | undefined): Promise<void> {
  const files = await matchFiles([pattern], baseFolder)
  const inside = state && files.find(file => isInside(resolve(baseFolder, file), state.path))
  if (state && inside !== undefined) throw inputInside(inside, state.path)
}

/** What renders conversations, where the data has some and the model a template. @throws SkipwiseErrors */
export async function conversationsOf(
  { recipe, readChatTemplate, document }: ResolveContext,
  source: ModelSource
): Promise<ConversationRenderer | undefined> {
  if (!sourcesOf(recipe).some(({ format }) => format === 'messages')) return undefined
  const check = Collector.ofPart(document)
  const conversations = await check.attempt(['model'], async () => readChatTemplate?.(source.tokenizerFolder))
  check.end()
  return conversations
}

/** Reads the documents. @throws SkipwiseErrors what reading them throws */
export async function dataOf(
  { recipe, baseFolder, window, progress, signal, document }: ResolveContext,
  source: ModelSource,
  state: StateFolder,
  fewest: number,
  conversations: ConversationRenderer | undefined
): Promise<DataPart> {
  const check = Collector.ofPart(document)
  const data: WeightedCorpus[] = []
  for (const [
    i,
    { files, pack = false, minTokens = pack ? packedMinimum(window) : fewest, textKey, format, weight }
  ] of sourcesOf(recipe).entries()) {
    const load = {
      baseFolder,
      minTokens,
      cacheFolder: join(state.path, 'tokens'),
      textKey,
      format,
      conversations,
      progress,
      signal
    }
    const corpus = await check.attempt(pathOf(recipe, i), () => loadCorpus(files, source.tokenizer, load))
    if (corpus) data.push({ corpus, weight, pack })
  }
  check.end()
  return {
    data,
    dataDigest: digestOfJson(
      data.map(({ corpus, weight, pack }) => [corpus.digest, weight, ...(pack ? ['packed'] : [])])
    )
  }
}

const dataError = (minTokens: number, fewest: number) =>
  new SkipwiseError('RECIPE_DATA', {
    problem: `minTokens is ${minTokens}, but an example needs ${fewest} tokens`,
    fix: `use at least ${fewest}, or a smaller window.original`
  })

const keyError = (textKey: string, format: string) =>
  new SkipwiseError('RECIPE_DATA', {
    problem: `textKey is '${textKey}', but records of the format ${format} have their text in ${format === 'messages' ? 'messages' : 'prompt and completion'}`,
    fix: 'remove textKey or format'
  })

/** The fewest tokens of a document in a packed example: shorter ones teach little and make rows of many parts. */
const packedMinimum = ({ original }: Window): number => Math.min(32, original)

/**
 * Packing gives a transform windows as short as a document. @throws SkipwiseError `RECIPE_DATA`, and what the transform
 * throws at such a window
 */
function checkPacking(transform: PositionTransform, window: Window, minTokens = packedMinimum(window)): void {
  const shortest = { original: Math.min(minTokens, window.original), target: window.target }
  if (transform.exampleLength || transform.minimumTokens(shortest) > shortest.original) {
    throw new SkipwiseError('RECIPE_DATA', {
      problem: 'pack joins short documents, but the position transform makes examples from long ones',
      fix: 'remove pack, or use another transform'
    })
  }
  transform.example(new Int32Array(shortest.original), shortest, { seed: 0, epoch: 0, index: 0 })
}
