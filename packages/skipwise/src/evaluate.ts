import type { AnyPlugin, EvalResult, EvalSuite, LanguageModel, ProgressListener } from '@skipwise/core'
import { runSuites, withLengths } from '@skipwise/evaluation'
import { toReference } from '@skipwise/experiment'
import { resolve } from 'node:path'
import { openModel } from './open-model.js'
import { loadParts } from './parts.js'
import type { DefaultPlugins } from './registry.js'
import type { Reference } from './typed-recipe.js'

/** A suite: what a call of its plugin gives, or its name with what it takes. */
export type SuiteInput<Known extends AnyPlugin = DefaultPlugins> = EvalSuite | Reference<'eval-suite', Known>

/** How {@link evaluate} runs suites. */
export interface EvaluateOptions<Added extends AnyPlugin = never> {
  /** Of what a suite draws; default 0. */
  readonly seed?: number | undefined
  /** Folder that paths of a suite are relative to; default the working folder. */
  readonly baseFolder?: string | undefined
  /** Plugins besides those of Skipwise and of `skipwise.config`; default none. */
  readonly plugins?: readonly Added[] | undefined
  readonly progress?: ProgressListener | undefined
  readonly signal?: AbortSignal | undefined
}

/** One result for one suite, a list for a list. */
type ResultsOf<Suites, Result> = Suites extends readonly unknown[] ? Result[] : Result

/**
 * Evaluates a model. Suites that are named without lengths are run at 1, 2 and 4 times its window. Lengths beyond the
 * window show how a model fails there, where it was opened with a `lengthLimit`.
 *
 * @param model an open model, which stays open, or a folder or `hub:owner/name`, which is opened for it at any length
 * @throws SkipwiseError what opening the model, the suites and their data throw; `signal.reason` when aborted
 *
 * @example
 * ```ts
 * const { metrics } = await evaluate(tinyLlama.folder, passkey({ lengths: [128, 256], trials: 2 }))
 * console.table(metrics)
 * ```
 */
export async function evaluate<
  const Suites extends SuiteInput<DefaultPlugins | Added> | readonly SuiteInput<DefaultPlugins | Added>[],
  Added extends AnyPlugin = never
>(
  model: string | LanguageModel,
  suites: Suites,
  options: EvaluateOptions<Added> = {}
): Promise<ResultsOf<Suites, EvalResult>> {
  const list = (Array.isArray(suites) ? suites : [suites]) as readonly SuiteInput[]
  const results = await evaluateAll(model, list, options)
  return (Array.isArray(suites) ? results : results[0]) as ResultsOf<Suites, EvalResult>
}

async function evaluateAll(
  model: string | LanguageModel,
  suites: readonly SuiteInput[],
  options: EvaluateOptions<AnyPlugin>
): Promise<EvalResult[]> {
  const { seed = 0, baseFolder = process.cwd(), plugins, progress, signal } = options
  const { registry } = await loadParts([process.cwd()], plugins)
  const makers = suites.map(suite => {
    if (isSuite(suite)) return () => suite
    const reference = toReference(suite)
    // an unknown name is said before the model is opened; lengths may follow from its window
    registry.find('eval-suite', reference.name)
    return (window: number) => registry.resolveUnknown('eval-suite', withLengths(reference, registry, window))
  })
  const opened =
    typeof model === 'string' ? await openModel(model, { lengthLimit: Infinity, plugins, progress, signal }) : undefined
  try {
    const open = opened ?? (model as LanguageModel)
    const made = makers.map(make => make(open.maxLength))
    const resolvePath = (path: string) => resolve(baseFolder, path)
    return await runSuites(open, made, { seed, resolvePath, progress, signal })
  } finally {
    await opened?.dispose()
  }
}

const isSuite = (suite: SuiteInput): suite is EvalSuite =>
  typeof suite === 'object' && suite !== null && 'run' in suite && typeof suite.run === 'function'
