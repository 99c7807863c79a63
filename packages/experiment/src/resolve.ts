import type { ModelConfig, WritableDtype } from '@skipwise/checkpoints'
import type { EvalSuite, Interpolation, ProgressListener, TrainingExample, Window } from '@skipwise/core'
import { loadCorpus, matchFiles } from '@skipwise/data'
import type { ExecutorLoader } from '@skipwise/runtime'
import {
  completeOptions,
  trainedParameters,
  type CompleteTrainingOptions,
  type StrategyOption
} from '@skipwise/training'
import { basename, join, resolve } from 'node:path'
import {
  checkEvaluation,
  checkOutput,
  checkPacking,
  checkPositions,
  checkRope,
  checkTokenizer,
  checkWindow,
  dataError,
  keyError,
  packedMinimum,
  unavailable,
  verbError
} from './checks.js'
import { Collector } from './collector.js'
import { digestOf, digestOfWeights } from './digest.js'
import { createExamples, type WeightedCorpus } from './examples.js'
import { locateModel } from './hub/locate-model.js'
import { isHubReference } from './hub/reference.js'
import { extendedConfig, newModel, openModelFolder, type ModelSource } from './model-source.js'
import { toReference, type Parts, type RopeReading } from './parts.js'
import type { RecipeDocument } from './recipe-document.js'
import type { RecipePath } from './recipe-places.js'
import type { Recipe } from './recipe-schema.js'
import { claimStateFolder, inputInside, isInside, type StateFolder } from './state-folder.js'
import { betterOf, type ValidationPlan } from './validation.js'

/** What to do with a recipe: lengthen the window of a model, or train one at its own. */
export type ExperimentKind = 'extend' | 'train'

/** What {@link resolveRecipe} needs beside the recipe. */
export interface ResolveOptions extends Parts {
  readonly kind: ExperimentKind
  /** What paths of the recipe are relative to. */
  readonly baseFolder: string
  /**
   * The recipe as it was read: its problems are reported with those found here, and these get its file, line and
   * column.
   */
  readonly document?: RecipeDocument
  /** Other files that the run reads, for instance the recipe's own: they may not lie where its state goes. */
  readonly inputs?: readonly string[]
  readonly progress?: ProgressListener
  readonly signal?: AbortSignal
}

/** A recipe with every part found, made and checked: ready to run. */
export interface Experiment {
  readonly kind: ExperimentKind
  readonly recipe: Recipe
  readonly baseFolder: string
  readonly parts: Parts
  readonly source: ModelSource
  readonly window: Window
  /** RoPE of the model to be written. */
  readonly rope: RopeReading & { readonly interpolation: Interpolation }
  readonly baseInterpolation: Interpolation
  readonly data: readonly WeightedCorpus[]
  readonly dataDigest: string
  readonly example: (index: number) => TrainingExample
  /** T: tokens of an example. */
  readonly exampleLength: number
  readonly options: CompleteTrainingOptions
  readonly validation?: ValidationPlan
  readonly suites: readonly EvalSuite[]
  readonly executor: ExecutorLoader
  /** `config.json` of the model to be written. */
  readonly config: ModelConfig
  readonly dtype: WritableDtype
  /** By name, row-major. */
  readonly weights: ReadonlyMap<string, Float32Array>
  /** Absolute. */
  readonly output: string
  /** Next to the output: training state and the output while it is being made. */
  readonly stateFolder: string
  /**
   * Holds the state folder against other processes: {@link runExperiment} ends with it; whoever does not run releases
   * it.
   */
  readonly state: StateFolder
  /** Digest of everything that decides the weights. */
  readonly runKey: string
}

/**
 * Finds every part that a recipe names, and checks them against one another before any work: all problems are reported
 * together. Then reads weights and documents. The state folder is taken before that: of two runs with one output the
 * second stops here.
 *
 * @throws SkipwiseErrors with codes of this package, `PLUGIN_UNKNOWN`, `PLUGIN_CONFIG`, and what reading the model and
 * the data throws
 */
export async function resolveRecipe(recipe: Recipe, options: ResolveOptions): Promise<Experiment> {
  const collect = new Collector(options.document)
  const output = resolve(options.baseFolder, recipe.output)
  const isPossible = await collect.attempt(['output'], () => checkOutput(output).then(() => true))
  const inputs = [...(options.inputs ?? []), ...localInputs(recipe, options.baseFolder)]
  // an output that is wrong has no state
  const state =
    isPossible && !collect.isDoubtful(['output'])
      ? await collect.attempt(['output'], () => claimStateFolder(`${output}.training`, inputs))
      : undefined
  try {
    return await resolveParts(recipe, options, collect, output, state)
  } catch (error) {
    await state?.release()
    throw error
  }
}

/** Folders of this machine that a recipe reads. */
function localInputs({ model }: Recipe, baseFolder: string): string[] {
  const named = typeof model === 'string' ? model : model.tokenizer
  return isHubReference(named) ? [] : [resolve(baseFolder, named)]
}

async function resolveParts(
  recipe: Recipe,
  options: ResolveOptions,
  collect: Collector,
  output: string,
  state: StateFolder | undefined
): Promise<Experiment> {
  const { kind, baseFolder, registry, readRope, readChatTemplate, progress, signal } = options
  const parts: Parts = { registry, readRope, ...defined({ readChatTemplate }) }
  const seed = recipe.seed
  const extend = kind === 'extend'
  if (extend && recipe.window.target === undefined)
    collect.add(
      ['window', 'target'],
      [verbError('extend needs window.target', 'add the window to reach, or use `skipwise train`')]
    )
  if (extend && typeof recipe.model !== 'string')
    collect.add(
      ['model'],
      [
        verbError(
          'extend needs a trained model, the recipe describes a new one',
          'name a model folder, or use `skipwise train`'
        )
      ]
    )
  if (!extend && recipe.window.target !== undefined)
    collect.add(
      ['window', 'target'],
      [verbError("train keeps the model's window, the recipe has window.target", 'remove it, or use `skipwise extend`')]
    )
  if (!extend && recipe.interpolation !== undefined)
    collect.add(
      ['interpolation'],
      [verbError("train keeps the model's RoPE, the recipe has interpolation", 'remove it, or use `skipwise extend`')]
    )
  const window: Window = {
    original: recipe.window.original,
    target: extend ? (recipe.window.target ?? recipe.window.original) : recipe.window.original
  }

  const { seed: trainSeed = seed, lora, guard, validate, strategy, ...given } = recipe.train
  const training = await collect.attempt(['train'], () =>
    completeOptions({
      ...defined(given),
      ...(strategy !== undefined && { strategy: seeded(strategy, trainSeed) }),
      ...(lora && { lora: { ...defined(lora), seed: trainSeed } }),
      ...(guard && { guard: defined(guard) })
    })
  )
  const transform = await collect.attempt(['positions'], () =>
    registry.resolveUnknown('position-transform', toReference(recipe.positions ?? (extend ? 'pose' : 'contiguous')))
  )
  const executor = await collect.attempt(['executor'], () =>
    registry.resolveUnknown('executor', toReference(recipe.executor))
  )
  const reason = await executor?.unavailable()
  if (reason !== undefined) collect.add(['executor'], [unavailable(reason)])
  const suites: EvalSuite[] = []
  for (const [i, reference] of recipe.evaluate.map(toReference).entries()) {
    const suite = await collect.attempt(['evaluate', i], () => registry.resolveUnknown('eval-suite', reference))
    if (suite) suites.push(suite)
    collect.add(['evaluate', i], checkEvaluation(reference, window), [['window']])
  }
  const locating = { baseFolder, ...defined({ progress, signal }) }
  const validator =
    validate &&
    (await collect.attempt(['train', 'validate', 'suite'], () =>
      registry.resolveUnknown('eval-suite', toReference(validate.suite))
    ))
  if (validate)
    collect.add(['train', 'validate', 'suite'], checkEvaluation(toReference(validate.suite), window), [['window']])
  const sources = 'sources' in recipe.data ? recipe.data.sources : [{ ...recipe.data, weight: 1 }]
  const pathOf = (index: number): RecipePath => ('sources' in recipe.data ? ['data', 'sources', index] : ['data'])
  // windows that are the wrong way round are said of the windows, and not of every part that is given them
  const fewest =
    transform &&
    window.target >= window.original &&
    (await collect.attempt(['window'], () => transform.minimumTokens(window), [['positions']]))
  if (transform && typeof fewest === 'number')
    collect.add(['window'], checkPositions(transform, window, fewest), [['positions']])
  for (const [i, { files, minTokens, pack, textKey, format }] of sources.entries()) {
    for (const [k, pattern] of files.entries())
      await collect.attempt([...pathOf(i), 'files', k], () => checkDataFiles(pattern, baseFolder, state))
    if (format !== undefined && format !== 'text' && textKey !== undefined)
      collect.add([...pathOf(i), 'textKey'], [keyError(textKey, format)])
    if (pack && transform && window.target >= window.original)
      await collect.attempt([...pathOf(i), 'pack'], () => checkPacking(transform, window, minTokens), [
        ['positions'],
        ['window']
      ])
    else if (minTokens !== undefined && typeof fewest === 'number' && minTokens < fewest)
      collect.add([...pathOf(i), 'minTokens'], [dataError(minTokens, fewest)], [['positions'], ['window']])
  }
  // a model is not downloaded for a recipe that is wrong anyway
  const source = isOpenable(recipe, collect)
    ? await collect.attempt(['model'], async () =>
        typeof recipe.model === 'string'
          ? openModelFolder(await locateModel(recipe.model, locating), parts)
          : newModel(recipe.model, seed, parts, locating)
      )
    : undefined
  const ofWindow = checkWindow(window, source, kind)
  for (const key of ['original', 'target'] as const) collect.add(['window', key], ofWindow[key], [['window']])
  if (source) collect.add(['model'], checkTokenizer(source))
  if (source && training) await collect.attempt(['train'], () => trainedParameters(source.model, training))
  // without interpolation in the recipe, a model that is already scaled stays with its scheme, and one without RoPE has
  // none
  const scheme = toReference(
    recipe.interpolation ??
      (extend && source?.rope.name === 'none' && source.model.geometry.rotaryDim > 0
        ? 'yarn'
        : (source?.rope.name ?? 'none'))
  )
  const rope =
    source &&
    (await collect.attempt(['interpolation'], (): (RopeReading & { interpolation: Interpolation }) | undefined => {
      if (!extend) return { ...source.rope, interpolation: registry.resolveUnknown('interpolation', source.rope) }
      const wrong = checkRope(scheme.name, source)
      collect.add(['interpolation'], wrong)
      // the scheme of a model without RoPE would complain of a geometry that is not there
      if (wrong.some(({ code }) => code === 'RECIPE_ROPE_NONE')) return undefined
      const inherited = scheme.name === source.rope.name ? source.rope.config : {}
      const reading = {
        name: scheme.name,
        config: { ...inherited, ...(scheme.config as object | undefined) },
        geometry: { ...source.rope.geometry, targetLength: window.target }
      }
      return { ...reading, interpolation: registry.resolveUnknown('interpolation', reading) }
    }))
  const conversations =
    source && sources.some(({ format }) => format === 'messages')
      ? await collect.attempt(['model'], async () => readChatTemplate?.(source.tokenizerFolder))
      : undefined
  const config =
    source &&
    rope &&
    (await collect.attempt(['interpolation'], () => configOf(recipe, source, rope, kind), [['window']]))
  if (collect.hasErrors || !training || !transform || !executor || !source || !rope || !config || !state)
    throw collect.all

  const data: WeightedCorpus[] = []
  for (const [
    i,
    { files, pack = false, minTokens = pack ? packedMinimum(window) : fewest || 1, textKey, format, weight }
  ] of sources.entries()) {
    const load = {
      baseFolder,
      minTokens,
      cacheFolder: join(state.path, 'tokens'),
      ...defined({ textKey, format, conversations, progress, signal })
    }
    const corpus = await collect.attempt(pathOf(i), () => loadCorpus(files, source.tokenizer, load))
    if (corpus) data.push({ corpus, weight, pack })
  }
  const weights = await collect.attempt(['model'], () => source.weights(progress))
  if (collect.hasErrors || !weights) throw collect.all

  const dataDigest = digestOf(
    data.map(({ corpus, weight, pack }) => [corpus.digest, weight, ...(pack ? ['packed'] : [])])
  )
  // a guard decides at a spike alone, and what it decided is in the state: a run may go on under another
  const { checkpointEvery: _, strategy: how, chunkwise, memoryLimit: _limit, guard: _guard, ...exact } = training
  // strategies give the same numbers but for one, which draws chunks
  const numeric = { ...exact, ...(how === 'spaco' && { spaco: chunkwise }) }
  const runKey = digestOf({
    version: 1,
    kind,
    window,
    dataDigest,
    trainSeed,
    options: numeric,
    dtype: recipe.dtype ?? source.dtype,
    config,
    positions: recipe.positions ?? null,
    executor: recipe.executor,
    weights: await digestOfWeights(weights, progress),
    tokenizer: source.tokenizer.digest ?? null,
    ...(validate && { validate })
  })
  await checkOutput(output, resultKeyOf(runKey, recipe))
  const example = createExamples(data, transform, window, trainSeed, training.steps * training.batch)
  // a transform by which prompts cannot be masked is found out before any work
  if (data.some(({ corpus }) => corpus.learned(0))) example(0)
  return {
    kind,
    recipe,
    baseFolder,
    parts,
    source,
    window,
    rope,
    data,
    dataDigest,
    suites,
    executor,
    config,
    weights,
    output,
    state,
    stateFolder: state.path,
    runKey,
    baseInterpolation: registry.resolveUnknown('interpolation', source.rope),
    example,
    exampleLength: transform.exampleLength?.(window) ?? window.original,
    options: training,
    ...(validate &&
      validator && {
        validation: { ...validate, suite: validator, better: validate.better ?? betterOf(validate.metric) }
      }),
    dtype: recipe.dtype ?? source.dtype
  }
}

/** Documents may not lie where the run writes. @throws SkipwiseError `STATE_FOREIGN`, `DATA_NO_FILES` */
async function checkDataFiles(pattern: string, baseFolder: string, state: StateFolder | undefined): Promise<void> {
  const files = await matchFiles([pattern], baseFolder)
  const inside = state && files.find(file => isInside(resolve(baseFolder, file), state.path))
  if (state && inside !== undefined) throw inputInside(inside, state.path)
}

/** Whether the model can be opened now: it is the user's, and a folder or a recipe that is right so far. */
const isOpenable = ({ model }: Recipe, collect: Collector): boolean =>
  !collect.isDoubtful(['model']) &&
  !(collect.hasErrors && isHubReference(typeof model === 'string' ? model : model.tokenizer))

/** A strategy with the seed of what it draws. */
const seeded = (strategy: NonNullable<Recipe['train']['strategy']>, seed: number): StrategyOption =>
  typeof strategy === 'string'
    ? strategy
    : 'seco' in strategy
      ? { seco: defined(strategy.seco) }
      : { spaco: { ...defined(strategy.spaco), seed } }

/** Digest of a run with its evaluations: what an output folder is the result of. */
export const resultKeyOf = (runKey: string, { evaluate, seed, train: { guard } }: Recipe): string =>
  digestOf([runKey, evaluate, seed, ...(guard ? [guard] : [])])

/** Name of the model that a recipe makes. */
export const outputName = ({ output }: Pick<Experiment, 'output'>): string => basename(output)

function configOf(
  { dtype }: Recipe,
  source: ModelSource,
  { interpolation, geometry }: Experiment['rope'],
  kind: ExperimentKind
): ModelConfig {
  const config =
    kind === 'extend'
      ? extendedConfig(source, interpolation.toHuggingFace(geometry))
      : { ...source.config, ...source.model.configKeys }
  if (dtype === undefined && source.folder !== undefined) return config
  // transformers ≤ 4 reads torch_dtype, later ones dtype
  const written = dtype ?? source.dtype
  return { ...config, torch_dtype: written, ...('dtype' in config ? { dtype: written } : {}) }
}

/** The same object without keys that are undefined. */
function defined<Value extends object>(value: Value): { [Key in keyof Value]: Exclude<Value[Key], undefined> } {
  return Object.fromEntries(Object.entries(value).filter(([, item]) => item !== undefined)) as {
    [Key in keyof Value]: Exclude<Value[Key], undefined>
  }
}
