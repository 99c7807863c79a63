import { codePoints } from './python/strings.js'
import type { HarnessProfile } from './profiles.js'
import type { Metric, Question } from './task.js'

/** A metric of one question, in [0, 1]. */
export function scoreQuestion(
  metric: Metric,
  question: Question,
  logLikelihoods: readonly number[],
  rule: HarnessProfile['mc2']
): number {
  if (metric === 'mc2') return trueShare(question.labels ?? [], logLikelihoods, rule)
  const scores =
    metric === 'acc'
      ? logLikelihoods
      : logLikelihoods.map((value, choice) => value / codePoints(question.continuations[choice]))
  return argmax(scores) === question.gold ? 1 : 0
}

/**
 * Index of the largest, the first among equals; numpy's argmax takes the first NaN (an empty choice divided by its
 * length) for the largest.
 */
function argmax(values: readonly number[]): number {
  let best = 0
  for (let i = 1; i < values.length; i++)
    if (values[i] > values[best] || (Number.isNaN(values[i]) && !Number.isNaN(values[best]))) best = i
  return best
}

/** Share of the probability of all choices that the true ones have. */
function trueShare(labels: readonly number[], logLikelihoods: readonly number[], rule: HarnessProfile['mc2']): number {
  const firstFalse = labels.indexOf(0)
  const isTrue = (i: number) => (rule === 'labels' ? labels[i] === 1 : firstFalse < 0 || i < firstFalse)
  let probabilities = logLikelihoods.map(Math.exp)
  // Where all underflow the harness divides 0 by 0; the shares are the same relative to the likeliest.
  if (sum(probabilities) === 0) {
    const largest = Math.max(...logLikelihoods)
    probabilities = logLikelihoods.map(value => Math.exp(value - largest))
  }
  const total = sum(probabilities)
  return sum(probabilities.map(p => p / total).filter((_, i) => isTrue(i)))
}

const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0)
