// The numbers behind the page: everything is asked of the published packages.
import type { AnyPlugin, Interpolation, PositionTransform } from '@skipwise/core'
import { interpolationPlugins } from '@skipwise/interpolation'
import { estimateCoverage, positionTransformPlugins } from '@skipwise/position-transforms'
import type { State } from './state.js'

/** Schemes that need no options which a page could not guess. */
const schemes = interpolationPlugins.filter(
  ({ config }) =>
    !(
      'issues' in Object(config['~standard'].validate({})) &&
      (config['~standard'].validate({}) as { issues?: unknown }).issues
    )
)

export const known = {
  positions: positionTransformPlugins.map(({ name }) => name as string),
  schemes: schemes.map(({ name }) => name as string)
}

/** One sentence about each plugin. */
export const summaries: Readonly<Record<string, string>> = Object.fromEntries(
  [...positionTransformPlugins, ...interpolationPlugins].map(({ name, summary }) => [name, summary])
)

/** Options of a position transform that the page sets. */
export const takesChunks = (name: string): boolean => name === 'pose' || name === 'axolotl'

function transformOf({ positions, chunks }: State): PositionTransform {
  const plugin = positionTransformPlugins.find(({ name }) => name === positions) ?? positionTransformPlugins[0]
  return (plugin as AnyPlugin)(takesChunks(positions) ? { chunks } : {})
}

function schemeOf(name: string): Interpolation {
  const plugin = schemes.find(each => each.name === name) ?? schemes[0]
  return (plugin as AnyPlugin)()
}

/** Stretches of consecutive position ids, both ends included. */
function runsOf(positionIds: Int32Array): [number, number][] {
  const runs: [number, number][] = []
  positionIds.forEach((position, t) => {
    const last = runs[runs.length - 1]
    if (t > 0 && last[1] === position - 1) last[1] = position
    else runs.push([position, position])
  })
  return runs
}

/** The first `count` examples of a seed, as the stretches of their position ids. */
export function sampleRuns(state: State, count: number): [number, number][][] {
  const transform = transformOf(state)
  const window = { original: state.train, target: state.target }
  const document = new Int32Array(Math.max(transform.minimumTokens(window), state.target + 1))
  return Array.from({ length: count }, (_, index) =>
    runsOf(transform.example(document, window, { seed: state.seed, epoch: 0, index }).positionIds)
  )
}

/** Position ids that the page is willing to draw for an estimate: a tenth of a second or so. */
const DRAWN = 600_000

/** The probability of every relative distance, and over how many examples it was counted; 0 for a closed form. */
export function coverageOf(state: State): { probability: Float64Array; examples: number } {
  const transform = transformOf(state)
  const window = { original: state.train, target: state.target }
  // a closed form exists for some options of a transform only; where none is known it says so with a code
  const exact = takesChunks(state.positions) && state.chunks > 2 ? undefined : transform.coverage?.(window)
  if (exact) return { probability: exact, examples: 0 }
  const examples = Math.max(20, Math.min(1000, Math.floor(DRAWN / (transform.exampleLength?.(window) ?? state.train))))
  return { probability: estimateCoverage(transform, window, { examples, seed: state.seed }).probability, examples }
}

/** By how much each pair turns more slowly, θ / θ', [R/2], and A. */
export function slowdownOf(
  scheme: string,
  { dimensions, base, train, target }: State
): { factors: number[]; attentionFactor: number } {
  const { inverseFrequencies, attentionFactor } = schemeOf(scheme).frequencies({
    rotaryDim: dimensions,
    base,
    originalLength: train,
    targetLength: target,
    length: target
  })
  return {
    factors: Array.from(inverseFrequencies, (frequency, i) => base ** ((-2 * i) / dimensions) / frequency),
    attentionFactor
  }
}
