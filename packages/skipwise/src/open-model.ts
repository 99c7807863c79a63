import { SkipwiseError, type AnyPlugin, type LanguageModel, type ProgressListener } from '@skipwise/core'
import {
  DEFAULT_EXECUTOR,
  loadLanguageModel,
  toReference,
  type PluginLookup,
  type RecipeReference,
  type WeightType
} from '@skipwise/experiment'
import { locateModel } from '@skipwise/hub'
import type { Executor, ExecutorLoader } from '@skipwise/runtime'
import { loadParts } from './parts.js'
import type { DefaultPlugins } from './registry.js'
import type { Reference } from './typed-recipe.js'

/** How {@link openModel} opens a model. */
export interface OpenModelOptions<Added extends AnyPlugin = never> {
  /**
   * Computes: a name, what a call of an executor's plugin gives, or an executor that is open, which stays open. Default
   * `'onnx'`, as in a recipe.
   */
  readonly executor?: Reference<'executor', DefaultPlugins | Added> | ExecutorLoader | Executor | undefined
  /** Name in results; default the model as given. */
  readonly name?: string | undefined
  /**
   * How matrices lie in memory: in 16 bits as the file has them (bf16), or those of the layers rounded to 8 or 4 bits.
   * Default float32.
   */
  readonly weights?: WeightType | undefined
  /** Longest sequence accepted, in tokens; more than the model's window shows how it fails. Default its window. */
  readonly lengthLimit?: number | undefined
  /** Plugins besides those of Skipwise and of `skipwise.config`; default none. */
  readonly plugins?: readonly Added[] | undefined
  readonly progress?: ProgressListener | undefined
  readonly signal?: AbortSignal | undefined
}

/** A language model with the folder that it came from. */
export interface OpenedModel extends Omit<LanguageModel, 'dispose'> {
  /** Its Hugging Face folder; of a model of the hub, that in the cache. */
  readonly folder: string
  /** Frees the memory of the model, and closes the executor if it was opened for it. */
  dispose(): Promise<void>
}

/**
 * Opens a language model: a Hugging Face folder, or `hub:owner/name@revision`. Architecture, RoPE and tokenizer are
 * those of its files.
 *
 * @throws SkipwiseError what finding, reading and checking the model throws
 *
 * @example
 * ```ts
 * const model = await openModel(tinyLlama.folder)
 * for await (const id of model.generate(model.tokenizer.encode('17 is'), { maxNewTokens: 8 })) console.log(id)
 * await model.dispose()
 * ```
 */
export async function openModel<Added extends AnyPlugin = never>(
  model: string,
  {
    executor: given = DEFAULT_EXECUTOR,
    name = model,
    weights,
    lengthLimit,
    plugins,
    progress,
    signal
  }: OpenModelOptions<Added> = {}
): Promise<OpenedModel> {
  if (typeof model !== 'string')
    throw new SkipwiseError('MODEL_NOT_FOUND', {
      problem: `expected the name of a model, found a value of type ${typeof model}`,
      fix: 'pass the path of a Hugging Face model folder, or hub:owner/name'
    })
  const folder = await locateModel(model, { progress, signal })
  const parts = await loadParts([process.cwd()], plugins)
  const executor = isExecutor(given) ? given : await loaderOf(given, parts.registry).open()
  const close = async () => {
    if (executor !== given) await executor.dispose()
  }
  try {
    const opened = await loadLanguageModel(folder, parts, { name, executor, weights, lengthLimit })
    const disposeModel = opened.dispose.bind(opened)
    return Object.assign(opened, {
      folder,
      async dispose() {
        disposeModel()
        await close()
      }
    })
  } catch (error) {
    await close()
    throw error
  }
}

const has = (given: unknown, name: string): boolean => typeof given === 'object' && given !== null && name in given

const isExecutor = (given: unknown): given is Executor => has(given, 'compile')

const isLoader = (given: unknown): given is ExecutorLoader => has(given, 'open')

const loaderOf = (given: ExecutorLoader | RecipeReference, registry: PluginLookup): ExecutorLoader =>
  isLoader(given) ? given : registry.resolveUnknown('executor', toReference(given))
