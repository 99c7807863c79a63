import { SkipwiseError, type ProgressListener } from '@skipwise/core'
import { runSuites } from '@skipwise/evaluation'
import type { Executor } from '@skipwise/runtime'
import type { Validation } from '@skipwise/training'
import { resolve } from 'node:path'
import { openLanguageModel } from './open-language-model.js'
import type { Experiment } from './resolve/experiment.js'

/** Of which metrics less is better, where the recipe does not say. */
export const betterOf = (metric: string): 'lower' | 'higher' =>
  /perplexity|loss|bits/i.test(metric) ? 'lower' : 'higher'

/** Validation during training: the suite on the weights of the moment, as the model that would be written of them. */
export function createValidation(
  { validation, source, rope, recipe, baseFolder, window }: Experiment,
  executor: Executor,
  progress?: ProgressListener,
  signal?: AbortSignal
): Validation | undefined {
  if (!validation) return undefined
  const { suite, metric, better, every, keep } = validation
  return {
    every,
    better,
    keep,
    async score(weights, step) {
      const name = `step ${step}`
      const model = await openLanguageModel(source, {
        name,
        executor,
        interpolation: rope.interpolation,
        geometry: rope.geometry,
        weights,
        maxLength: window.target,
        lengthLimit: Infinity
      })
      try {
        const [result] = await runSuites(model, [suite], {
          seed: recipe.seed,
          resolvePath: path => resolve(baseFolder, path),
          progress,
          signal,
          label: name
        })
        const score = result.metrics[metric] as number | undefined
        const known = suite.samples?.(result).find(samples => samples.metric === metric)?.better
        if (score === undefined)
          throw validationError(
            `validate.metric '${metric}' is not a metric of the suite`,
            `use one of ${Object.keys(result.metrics).join(', ')}`
          )
        if (known !== undefined && known !== better)
          throw validationError(
            `validate.better is ${better}, but for ${metric} ${known} is better`,
            `write better: ${known}`
          )
        return score
      } finally {
        model.dispose()
      }
    }
  }
}

const validationError = (problem: string, fix: string) => new SkipwiseError('RECIPE_EVALUATION', { problem, fix })
