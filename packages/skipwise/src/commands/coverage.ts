import { writeFileAtomic } from '@skipwise/checkpoints'
import {
  formatPercent,
  randomStream,
  validate,
  type PositionTransform,
  type Window,
  withoutUndefined
} from '@skipwise/core'
import { toReference, type PluginLookup, type RecipeReference } from '@skipwise/experiment'
import { coverageChart, planCoverage, type CoveragePlan } from '@skipwise/position-transforms'
import { formatNumber, renderAscii, renderSvg, renderTable } from '@skipwise/report'
import { colours } from '../colours.js'
import { checkDrawing } from '../own-output.js'
import { usageError } from '../errors.js'
import { loadParts, parseJson } from '../parts.js'
import type { Terminal } from '../terminal.js'

/** Options of `skipwise coverage`. */
export interface CoverageOptions {
  readonly original: number
  readonly target: number
  readonly transform: readonly string[]
  readonly chunks?: number | undefined
  readonly serve?: number | undefined
  readonly steps: number
  readonly batch: number
  readonly examples?: number | undefined
  readonly seed: number
  readonly sentence: number
  readonly every?: number | undefined
  readonly svg?: string | undefined
}

/** Distances that the JSON document lists unless told otherwise. */
const LISTED = 1024

/** `skipwise coverage`: which relative distances a training run shows, and which target serves a length evenly. */
export async function coverage(options: CoverageOptions, terminal: Terminal): Promise<number> {
  const { registry } = await loadParts([process.cwd()])
  const window = { original: options.original, target: options.target }
  const serve = options.serve ?? window.target
  const planned = options.steps * options.batch
  if (serve < 1) throw usageError('CLI_USAGE', `--serve is ${serve}`, 'use a length of at least 1 token')
  if (options.examples === 0 || options.every === 0)
    throw usageError(
      'CLI_USAGE',
      '--examples and --every must be at least 1',
      'use a larger number, or remove the option'
    )
  const plans = options.transform.map(text => {
    const { name, transform, document } = openTransform(registry, text, options)
    const { seed, examples } = options
    const question = {
      serve,
      planned,
      seed,
      examples,
      document
    }
    const plan = planCoverage(transform, { ...question, window })
    const recommended = { ...window, target: plan.recommendedTarget }
    // T + L_c is right for chunks with skips; of another transform it is tried
    const isWorthTrying = !plan.isEven && plan.typical > 0 && window.target < recommended.target
    return {
      name,
      plan,
      advice: advise(
        plan,
        serve,
        window,
        isWorthTrying ? planCoverage(transform, { ...question, window: recommended }) : undefined
      )
    }
  })
  const chart = coverageChart(plans, window, serve)
  if (options.svg !== undefined) {
    await checkDrawing(options.svg)
    await writeFileAtomic(options.svg, await renderSvg(chart))
  }
  if (terminal.json) {
    terminal.result({
      version: 1,
      window,
      serve,
      plannedExamples: planned,
      plans: plans.map(({ name, plan, advice }) => ({ transform: name, advice, ...listed(plan, planned, options) }))
    })
    return 0
  }
  terminal.say(renderAscii(chart))
  terminal.say()
  terminal.say(
    renderTable(
      ['transform', 'beyond L_c', 'rarest', 'at distance', 'examples of it', 'never shown', 'measured'],
      plans.map(({ name, plan }) => row(name, plan, planned)),
      'text'
    )
  )
  terminal.say()
  for (const { name, advice } of plans) terminal.say(`${colours.bold(name)}: ${advice}`)
  if (options.svg !== undefined) terminal.say(`\nChart: ${options.svg}`)
  return 0
}

/** A transform by name or as JSON, `{"pose": {"chunks": 3}}`, and a text for those that split at tokens. */
function openTransform(
  registry: PluginLookup,
  text: string,
  { chunks, target, sentence, seed }: CoverageOptions
): { name: string; transform: PositionTransform; document: Int32Array | undefined } {
  const given = toReference(text.trimStart().startsWith('{') ? referenceOf(parseJson(text, '--transform')) : text)
  const byName = withoutUndefined({ chunks: text === given.name ? chunks : undefined })
  const reference = { ...given, config: { ...(given.config as object | undefined), ...byName } }
  const plugin = registry.find('position-transform', reference.name)
  const transform = registry.resolveUnknown('position-transform', reference)
  const { splitAt, splitAfter } = validate(plugin.config, reference.config, 'PLUGIN_CONFIG', reference.name) as {
    splitAt?: number[]
    splitAfter?: number[]
  }
  const [boundary] = [...(splitAt ?? []), ...(splitAfter ?? [])]
  const name =
    Object.keys(reference.config).length > 0 ? `${given.name} ${JSON.stringify(reference.config)}` : given.name
  if (boundary === undefined) return { name, transform, document: undefined }
  const random = randomStream({ seed, stream: 'coverage text' })
  return {
    name,
    transform,
    document: Int32Array.from({ length: target + 1 }, () =>
      random.integer(1, Math.max(1, sentence)) === 1 ? boundary : boundary + 1
    )
  }
}

/** What JSON may be in the place of a name. @throws SkipwiseError `CLI_USAGE` */
function referenceOf(value: unknown): RecipeReference {
  if (typeof value === 'object' && value !== null && Object.keys(value).length === 1) return { ...value }
  throw usageError(
    'CLI_USAGE',
    '--transform is not one key with its configuration',
    'write a name, or \'{"pose": {"chunks": 3}}\''
  )
}

function row(name: string, plan: CoveragePlan, planned: number): (string | number)[] {
  const { probability, distance, expectedExamples } = plan.rarest
  const error = plan.standardError[distance]
  return [
    name,
    share(plan.typical),
    `${share(probability)}${plan.examples === undefined ? '' : ` ± ${share(error)}`}`,
    distance,
    `${formatNumber(Math.round(expectedExamples))} of ${formatNumber(planned)}`,
    formatNumber(Math.round(plan.expectedUnseen)),
    plan.examples === undefined ? 'exactly' : `${plan.examples} examples`
  ]
}

function advise(
  { isEven, typical, rarest, recommendedTarget }: CoveragePlan,
  serve: number,
  { original, target }: Window,
  recommended: CoveragePlan | undefined
): string {
  if (isEven) return `covers every distance below ${serve} about evenly`
  if (typical === 0)
    return `shows no distance beyond ${original} tokens; serving ${serve} rests on the interpolation alone`
  const thin =
    serve > target ? `shows nothing from distance ${target} on` : `thins out towards distance ${rarest.distance}`
  if (recommended?.isEven)
    return `${thin}; to serve ${serve} tokens evenly, train for a target of at least ${recommendedTarget} (T + L_c)`
  return `${thin}; ${recommended ? `a target of ${recommendedTarget} (T + L_c) leaves distance ${recommended.rarest.distance} at ${share(recommended.rarest.probability)}` : 'more steps show every distance more often'}`
}

/** A probability in percent, however small. */
const share = (p: number) => (p > 0 && p < 0.001 ? `${(100 * p).toPrecision(1)} %` : formatPercent(p))

/** A plan for JSON, at every n-th distance. */
function listed(
  plan: CoveragePlan,
  planned: number,
  { every = Math.ceil(plan.probability.length / LISTED), seed }: CoverageOptions
) {
  const { probability, standardError, examples, ...figures } = plan
  const distances = Array.from({ length: Math.ceil(probability.length / every) }, (_, i) => i * every)
  return withoutUndefined({
    exact: examples === undefined,
    examples,
    seed: examples === undefined ? undefined : seed,
    ...figures,
    distances,
    probability: distances.map(r => probability[r]),
    standardError: examples === undefined ? undefined : distances.map(r => standardError[r]),
    expectedExamples: distances.map(r => probability[r] * planned)
  })
}
