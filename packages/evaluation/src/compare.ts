import { isSkipwiseError, SkipwiseError, type EvalResult, type EvalSuite, type MetricSamples } from '@skipwise/core'
import { bootstrapInterval, holm, pairedTest, type Pair, type PairedTest } from './statistics.js'

/** How one metric differs between two results. */
export interface MetricComparison extends PairedTest {
  readonly metric: string
  readonly better: MetricSamples['better']
  readonly a: number
  readonly b: number
  /** b − a. */
  readonly difference: number
  /** 95 % bootstrap interval of the difference over the common units; null for one unit. */
  readonly interval: readonly [number, number] | null
  /** The p-value, corrected for the number of metrics compared (Holm). */
  readonly adjustedPValue: number
  /** Number of documents or questions that both have. */
  readonly units: number
  /** Whether the corrected p-value is below 5 %. */
  readonly verdict: 'better' | 'worse' | 'no significant difference'
}

/** What {@link compareResults} gives. */
export interface Comparison {
  readonly version: 1
  readonly suite: string
  readonly a: string
  readonly b: string
  readonly metrics: readonly MetricComparison[]
}

const LEVEL = 0.05

/**
 * Compares two results of one suite, unit by unit: is `b` better or worse than `a`, or may the difference be chance?
 *
 * @throws SkipwiseError `EVAL_COMPARE` where the results are not of the same suite and version, have no unit in common,
 * or weigh it differently
 */
export function compareResults(suite: EvalSuite, a: EvalResult, b: EvalResult, seed = 0): Comparison {
  if (a.suite !== b.suite || a.version !== b.version) {
    throw compareError(
      `${a.model} has a result of ${a.suite}, version ${a.version}, and ${b.model} one of ${b.suite}, version ${b.version}`,
      'compare results of one suite and version: evaluate again'
    )
  }
  if (!suite.samples)
    throw compareError(
      `the suite ${a.suite} does not give the samples of its metrics, which a comparison needs`,
      'ask its author to add samples'
    )
  const others = new Map(samplesOf(suite, b).map(samples => [samples.metric, samples]))
  const tests = samplesOf(suite, a).flatMap(samples => {
    const other = others.get(samples.metric)
    return other ? [compareMetric(samples, pairUnits(samples, other), seed)] : []
  })
  const metrics = tests.filter(test => test !== undefined)
  if (metrics.length === 0) {
    throw compareError(
      `the results of ${a.model} and ${b.model} have no document and no question of ${a.suite} in common`,
      'evaluate both with the same data, lengths and seed; perplexities of different tokenizers differ by more than the model'
    )
  }
  const adjusted = holm(metrics.map(({ pValue }) => pValue))
  return {
    version: 1,
    suite: a.suite,
    a: a.model,
    b: b.model,
    metrics: metrics.map((metric, i) => {
      const improved = metric.better === 'higher' ? metric.difference > 0 : metric.difference < 0
      return {
        ...metric,
        adjustedPValue: adjusted[i],
        verdict: adjusted[i] >= LEVEL ? 'no significant difference' : improved ? 'better' : 'worse'
      }
    })
  }
}

/** The units of the metrics of a result. A file may name a suite and contain something else. */
function samplesOf(suite: EvalSuite, result: EvalResult): readonly MetricSamples[] {
  try {
    return suite.samples?.(result) ?? []
  } catch (cause) {
    if (isSkipwiseError(cause)) throw cause
    throw new SkipwiseError('EVAL_RESULT', {
      problem: `the result of ${result.model} does not match what version ${result.version} of the suite ${result.suite} writes`,
      fix: 'evaluate again',
      cause
    })
  }
}

/** The k-th results of one suite in both runs. */
export interface ResultPair {
  readonly a: EvalResult
  readonly b: EvalResult
}

/**
 * Which results of two runs belong together: those of one suite, in their order.
 *
 * @returns at least one
 * @throws SkipwiseError `EVAL_COMPARE` where they have no suite in common
 */
export function pairResults(a: readonly EvalResult[], b: readonly EvalResult[]): ResultPair[] {
  // two named results are compared directly, so that an error says why these two cannot be
  if (a.length === 1 && b.length === 1) return [{ a: a[0], b: b[0] }]
  const left = [...b]
  const pairs = a.flatMap(one => {
    const index = left.findIndex(other => other.suite === one.suite)
    return index < 0 ? [] : [{ a: one, b: left.splice(index, 1)[0] }]
  })
  if (pairs.length > 0) return pairs
  const names = (results: readonly EvalResult[]) => [...new Set(results.map(({ suite }) => suite))].join(', ')
  throw compareError(
    `the first has results of ${names(a)}, the second of ${names(b)}`,
    'evaluate both with the same suites'
  )
}

/**
 * Units that both have with the same weight. With a different tokenizer the token counts differ, so the units cannot be
 * paired.
 */
function pairUnits({ units }: MetricSamples, other: MetricSamples): Pair[] {
  const known = new Map(other.units.map(unit => [unit.id, unit]))
  return units.flatMap(({ id, value, weight }) => {
    const match = known.get(id)
    return match?.weight === weight ? [{ a: value, b: match.value, weight }] : []
  })
}

function compareMetric(
  { metric, better, scale }: MetricSamples,
  pairs: readonly Pair[],
  seed: number
): Omit<MetricComparison, 'adjustedPValue' | 'verdict'> | undefined {
  if (pairs.length === 0) return undefined
  const measure = (of: 'a' | 'b', pairs: readonly Pair[]) => {
    const mean = pairs.reduce((sum, pair) => sum + pair[of], 0) / pairs.reduce((sum, { weight }) => sum + weight, 0)
    return scale === 'exponential' ? Math.exp(mean) : mean
  }
  const a = measure('a', pairs)
  const b = measure('b', pairs)
  return {
    metric,
    better,
    a,
    b,
    difference: b - a,
    interval: bootstrapInterval(pairs, drawn => measure('b', drawn) - measure('a', drawn), {
      resamples: 2000,
      seed,
      stream: 'paired-bootstrap'
    }),
    units: pairs.length,
    ...pairedTest(pairs, seed)
  }
}

const compareError = (problem: string, fix: string) => new SkipwiseError('EVAL_COMPARE', { problem, fix })
