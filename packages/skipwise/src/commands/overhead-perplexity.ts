import { withTemporaryFolder } from '@skipwise/checkpoints'
import { SkipwiseError, type LineChart } from '@skipwise/core'
import { parseRecipe, resolveRecipe, runExperiment } from '@skipwise/experiment'
import { dirname, join, resolve } from 'node:path'
import { methodName, type Method } from '../overhead.js'
import { loadParts } from '../parts.js'
import type { Terminal } from '../terminal.js'
import { readRecipe } from '../run-recipe.js'

/** The score of a validation, after `step` steps of training by a method. */
interface ScorePoint {
  readonly method: Method
  readonly step: number
  readonly score: number
}

/** A metric by training step, of full-length training and of PoSE. */
export interface ScoresByStep {
  readonly metric: string
  readonly points: readonly ScorePoint[]
}

/** A recipe whose training is to be compared. */
type Comparison = Awaited<ReturnType<typeof openComparison>>

/**
 * Reads a recipe for `extend` that validates. @throws SkipwiseError `BENCH_RECIPE`, `RECIPE_NOT_FOUND`,
 * `RECIPE_INVALID`
 */
export async function openComparison(recipeFile: string) {
  const baseFolder = dirname(resolve(recipeFile))
  const parts = await loadParts([baseFolder, process.cwd()])
  const recipe = parseRecipe(await readRecipe(recipeFile), recipeFile, parts.registry)
  const { validate } = recipe.train
  if (validate) return { recipe, baseFolder, parts, metric: validate.metric }
  throw new SkipwiseError('BENCH_RECIPE', {
    problem: `${recipeFile} has no train.validate: nothing is evaluated during its training`,
    fix: "add validate: { every: 10, suite: { perplexity: { data: held-out.jsonl, windows: [16384] } }, metric: 'perplexity@16384' }"
  })
}

/**
 * Trains twice what the recipe says, with its own positions and on whole sequences, and takes the scores of the
 * validations. The models are thrown away.
 */
export async function scoresByStep(
  { recipe, baseFolder, parts, metric }: Comparison,
  { progress, signal, say }: Terminal
): Promise<ScoresByStep> {
  const points: ScorePoint[] = []
  await withTemporaryFolder('skipwise-overhead-', async folder => {
    for (const method of ['pose', 'full-length'] as const) {
      say(`Training ${methodName(method)}, ${recipe.train.steps} steps`)
      const own = {
        ...recipe,
        evaluate: [],
        output: join(folder, method),
        ...(method === 'full-length' && { positions: 'full-length' })
      }
      const { training } = await runExperiment(
        await resolveRecipe(own, { kind: 'extend', baseFolder, progress, signal, ...parts }),
        { progress, signal }
      )
      for (const { step, score } of training.validation?.scores ?? []) points.push({ method, step, score })
    }
  })
  return { metric, points }
}

/** Scores by step, a line a method. */
export function scoreChart({ metric, points }: ScoresByStep): LineChart {
  const series = (['full-length', 'pose'] as const).map(method => ({
    name: methodName(method),
    points: points.filter(point => point.method === method).map(({ step, score }) => [step, score] as const)
  }))
  return {
    id: 'overhead-score',
    title: `${metric} by training step`,
    description: `${metric} during training: ${series.map(({ name, points }) => `${name} ${points.map(([step, score]) => `${score.toPrecision(4)} after ${step}`).join(', ')}`).join('; ')}.`,
    x: { label: 'training step', scale: 'linear' },
    y: { label: metric, scale: 'linear' },
    series
  }
}

/** Scores by step as rows: step, PoSE, full-length. */
export const scoreRows = ({ points }: ScoresByStep): string[][] =>
  [...new Set(points.map(({ step }) => step))].map(step => [
    String(step),
    ...(['pose', 'full-length'] as const).map(
      method => points.find(point => point.method === method && point.step === step)?.score.toPrecision(4) ?? '–'
    )
  ])
