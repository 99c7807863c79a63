import type { ParameterSpec } from '@skipwise/nn'
import { tf, trace, type Graph } from '@skipwise/runtime'
import { gradientName } from './loss-program.js'

/** What a step may do before it counts as a spike, and what happens then. A value that is not finite is one. */
export interface GuardOptions {
  /** A loss of more than this times the median of the steps before. */
  readonly loss?: number | undefined
  /** A gradient norm, before clipping, of more than this times the median of the steps before. */
  readonly gradientNorm?: number | undefined
  /** Steps of the median; a step is judged once a quarter of them are done. Default 100. */
  readonly steps?: number | undefined
  /** `stop` ends the run with the state before the step saved; `skip` leaves the update out. Default `stop`. */
  readonly action?: 'stop' | 'skip' | undefined
  /** With `skip`: steps left out in a row after which the run stops all the same. Default 5. */
  readonly patience?: number | undefined
}

/** Losses and norms of a run so far. */
export interface StepHistory {
  readonly losses: readonly number[]
  readonly gradientNorms: readonly number[]
}

/** What is wrong with a step, or undefined. */
export function spikeOf(
  { loss, gradientNorm }: { readonly loss: number; readonly gradientNorm: number },
  history: StepHistory,
  guard: GuardOptions
): string | undefined {
  const judge = (name: string, value: number, before: readonly number[], factor: number | undefined) => {
    if (!Number.isFinite(value)) return `the ${name} is ${value}`
    const usual = factor === undefined ? undefined : medianOfLast(before, guard.steps ?? 100)
    return usual !== undefined && factor !== undefined && value > factor * usual
      ? `the ${name} is ${value.toPrecision(4)}, more than ${factor} times the median of ${usual.toPrecision(4)}`
      : undefined
  }
  return (
    judge('loss', loss, history.losses, guard.loss) ??
    judge('gradient norm', gradientNorm, history.gradientNorms, guard.gradientNorm)
  )
}

/** Median of the finite ones of the last `steps` values; undefined while there are fewer than a quarter of these. */
function medianOfLast(values: readonly number[], steps: number): number | undefined {
  const last = values
    .slice(-steps)
    .filter(Number.isFinite)
    .sort((a, b) => a - b)
  const { length } = last
  if (length < Math.max(1, steps / 4)) return undefined
  return length % 2 ? last[(length - 1) / 2] : (last[length / 2 - 1] + last[length / 2]) / 2
}

/** The norm of all gradients: known before the update, which works in place and cannot be undone. */
export function traceGradientNorm(trained: readonly ParameterSpec[]): Graph {
  const names = trained.map(({ name }) => gradientName(name))
  return trace(
    'gradient norm',
    inputs => ({
      gradientNorm: tf.sqrt(names.map(name => tf.sum(tf.square(inputs[name]))).reduce((a, b) => tf.add(a, b)))
    }),
    Object.fromEntries(trained.map(({ name, shape }) => [gradientName(name), { shape, dtype: 'float32' as const }]))
  )
}
