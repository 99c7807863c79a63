import { SkipwiseError } from '@skipwise/core'
import type { ParameterSpec } from '@skipwise/nn'
import { bytesOf } from '@skipwise/runtime'
import { totalmem } from 'node:os'
import type { StrategyName } from './options.js'
import { strategies } from './strategies/index.js'
import { parameterSpecs } from './loss-program.js'
import { allParameters, trainedParameters } from './trained-parameters.js'
import type { TrainerSetup } from './trainer.js'

/** Code, threads and traces that compiling the first programs adds to a process (measured, docs/adr/0010-memory-plan.md). */
const COMPILER_BYTES = 35e6
/** Share of the available memory that is used when no limit is given: the rest is for what a plan cannot know. */
const USABLE = 0.9

/** Memory of a strategy, bytes. */
export interface StrategyMemory {
  /** Hidden states between layers and temporaries inside its programs. */
  readonly activations: number
  /** Everything together, the process included. */
  readonly peak: number
}

/** What a training run will take, before it begins. All figures are bytes. */
export interface MemoryPlan {
  /** In use before training: Node, libraries, the weights that training starts from. */
  readonly process: number
  /** Parameters of the model and adapters. */
  readonly weights: number
  /** Adam's two moments of what is trained, and its moving average where there is one. */
  readonly optimizer: number
  /** Of what is trained. */
  readonly gradients: number
  readonly strategies: Readonly<Record<StrategyName, StrategyMemory>>
  readonly machine: { readonly total: number; readonly available: number }
  /** What the process may use. */
  readonly limit: number
  /** The strategy to use, undefined when none fits. */
  readonly chosen: StrategyName | undefined
  /** Why, as a sentence. */
  readonly reason: string
}

/** Plans the memory of a training run: traces its programs, compiles and allocates nothing. */
export function planMemory(given: TrainerSetup): MemoryPlan {
  const { options } = given, trains = trainedParameters(given.model, options), setup = { ...given, trains }
  const weights = bytesOfAll(allParameters(trains).parameters), trained = bytesOfAll(trains.trained), optimizer = (options.ema ? 3 : 2) * trained
  const inUse = process.memoryUsage().rss, state = inUse + COMPILER_BYTES + weights + optimizer + trained
  const machine = { total: totalmem(), available: process.availableMemory() + inUse }
  const limit = options.memoryLimit === undefined ? USABLE * machine.available : options.memoryLimit * 1e9
  const entries = Object.entries(strategies).map(([name, prepare]) => {
    const activations = prepare(setup).activations()
    return [name, { activations, peak: state + activations }] as const
  })
  const figures = Object.fromEntries(entries) as Record<StrategyName, StrategyMemory>
  return { process: inUse, weights, optimizer, gradients: trained, strategies: figures, machine, limit, ...choose(options.strategy, figures, limit) }
}

const bytesOfAll = (parameters: readonly ParameterSpec[]) => Object.values(parameterSpecs({ parameters })).reduce((sum, spec) => sum + bytesOf(spec), 0)

function choose(asked: 'auto' | StrategyName, figures: MemoryPlan['strategies'], limit: number): Pick<MemoryPlan, 'chosen' | 'reason'> {
  const fits = (name: StrategyName) => figures[name].peak <= limit, say = (name: StrategyName) => `${name} takes ${gigabytes(figures[name].peak)}`
  if (asked !== 'auto') {
    return fits(asked) ? { chosen: asked, reason: `asked for, and ${gigabytes(figures[asked].peak)} fit in ${gigabytes(limit)}` } : { chosen: undefined, reason: `${say(asked)} of ${gigabytes(limit)}` }
  }
  if (fits('whole')) return { chosen: 'whole', reason: `the fastest, and ${gigabytes(figures.whole.peak)} fit in ${gigabytes(limit)}` }
  if (fits('blockwise')) return { chosen: 'blockwise', reason: `${say('whole')}, more than ${gigabytes(limit)}; ${say('blockwise')}` }
  return { chosen: undefined, reason: `${say('whole')} and ${say('blockwise')}, more than ${gigabytes(limit)}` }
}

/**
 * The strategy of a plan.
 *
 * @param setup of the plan, to say what would fit
 * @throws SkipwiseError `TRAINING_MEMORY` when none fits
 */
export function plannedStrategy(plan: MemoryPlan, setup: TrainerSetup): StrategyName {
  if (plan.chosen !== undefined) return plan.chosen
  throw new SkipwiseError('TRAINING_MEMORY', { problem: `training does not fit in memory: ${plan.reason}`, fix: remedy(plan, setup) })
}

/** The least that a run of this model can take, with the advice that follows. */
function remedy({ limit }: MemoryPlan, setup: TrainerSetup): string {
  const { options } = setup, smallest = planMemory({ ...setup, options: { ...options, strategy: 'auto', microBatch: 1 } })
  if (smallest.chosen !== undefined) {
    const change = [options.microBatch > 1 && 'microBatch: 1', options.strategy !== 'auto' && options.strategy !== smallest.chosen && `strategy: ${smallest.chosen}`].filter(Boolean).join(' and ')
    return `use ${change} (${gigabytes(smallest.strategies[smallest.chosen].peak)})`
  }
  return `it needs at least ${gigabytes(smallest.strategies.blockwise.peak)} with microBatch 1, layer by layer: use a shorter window.original, a smaller model or a machine with more than ${gigabytes(limit)}`
}

const gigabytes = (bytes: number) => `${(bytes / 1e9).toFixed(bytes < 1e10 ? 2 : 1)} GB`
