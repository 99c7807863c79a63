import type { LineChart } from '@skipwise/core'
import { bestOf } from '@skipwise/training'
import type { ExperimentResult } from './result.js'
import { betterOf } from './validation.js'

/** The chart of the loss over the steps of a run, or of several. */
export function lossChart(...runs: readonly ExperimentResult[]): LineChart {
  const described = runs.map(
    ({ name, training: { losses } }) =>
      [
        name,
        `Training loss of ${losses.length} steps, from ${losses[0].toFixed(3)} to ${losses[losses.length - 1].toFixed(3)}.`
      ] as const
  )
  return {
    id: 'loss',
    title: 'Training loss',
    x: stepsOf(runs),
    y: { label: 'Loss (nats per token)', scale: 'linear' },
    series: runs.map(({ name, training: { losses } }) => ({
      name: runs.length === 1 ? 'loss' : name,
      points: thin(losses)
    })),
    ...marks(runs),
    description: sentences(described)
  }
}

/**
 * The charts of what was validated by step, one for each metric, over the steps of {@link lossChart}: the best stands
 * out in both.
 */
export function validationCharts(...runs: readonly ExperimentResult[]): LineChart[] {
  const validated = runs.flatMap(run => (validationOf(run)?.best ? [run] : []))
  const metrics = [...new Set(validated.map(run => validationOf(run)?.metric ?? ''))]
  return metrics.map((metric, i) => {
    const own = validated.filter(run => validationOf(run)?.metric === metric)
    const found = own.flatMap(run => validationOf(run) ?? [])
    const series = found.map(({ points }, k) => ({ name: own.length === 1 ? metric : own[k].name, points }))
    const share = found.every(
      ({ better, points }) => better === 'higher' && points.every(([, score]) => score >= 0 && score <= 1)
    )
    return {
      id: i === 0 ? 'validation' : `validation-${i + 1}`,
      title: `Validation: ${metric}`,
      x: stepsOf(runs),
      y: { label: metric, scale: 'linear', ...(share && { percent: true, domain: [0, 1] as const }) },
      series,
      ...marks(own),
      description: sentences(
        found.map(
          ({ best, points }, k) =>
            [
              own[k].name,
              `${metric} by step, best ${+(best?.score ?? NaN).toPrecision(4)} after step ${best?.step}, after the last ${+points[points.length - 1][1].toPrecision(4)}.`
            ] as const
        )
      )
    }
  })
}

/**
 * The scores of a run that are numbers, and the best of them: that of the weights it gives, unless it gives the last.
 */
function validationOf({ training: { validation }, recipe }: ExperimentResult) {
  const asked = recipe.train?.validate
  if (!validation || !asked) return undefined
  const better = asked.better ?? betterOf(asked.metric)
  const scores = validation.scores.filter(({ score }) => Number.isFinite(score))
  return {
    metric: asked.metric,
    better,
    points: scores.map(({ step, score }) => [step, score] as const),
    best: bestOf(scores, { better })
  }
}

/** Vertical lines at the best steps. */
function marks(runs: readonly ExperimentResult[]): Pick<LineChart, 'rules'> {
  const rules = runs.flatMap(run => {
    const best = validationOf(run)?.best
    return best
      ? [{ x: best.step, label: `${runs.length === 1 ? 'best' : `best of ${run.name}`}: step ${best.step}` }]
      : []
  })
  return rules.length ? { rules } : {}
}

/** One axis for all charts of the steps, so that they can be read one below the other. */
const stepsOf = (runs: readonly ExperimentResult[]): LineChart['x'] => ({
  label: 'Step',
  scale: 'linear',
  ...(runs.some(run => validationOf(run)?.best) && {
    domain: [0, Math.max(...runs.map(({ training }) => training.losses.length))] as const
  })
})

const sentences = (described: readonly (readonly [name: string, text: string])[]) =>
  described.map(([name, text]) => (described.length === 1 ? text : `${name}: ${text}`)).join(' ')

/** At most 400 points, each the mean of its steps, so that a chart of a long run stays small. */
function thin(losses: readonly number[]): (readonly [number, number])[] {
  const width = Math.ceil(losses.length / 400)
  return Array.from({ length: Math.ceil(losses.length / width) }, (_, i) => {
    const steps = losses.slice(i * width, (i + 1) * width)
    return [i * width + steps.length, steps.reduce((sum, loss) => sum + loss, 0) / steps.length] as const
  })
}
