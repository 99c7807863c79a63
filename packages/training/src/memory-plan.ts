import { SkipwiseError } from '@skipwise/core'
import type { ParameterSpec } from '@skipwise/nn'
import { bytesOf, checkStorages, storedSpecs, type StorageName } from '@skipwise/runtime'
import { totalmem } from 'node:os'
import { strategyNames, type StrategyName } from './options.js'
import { strategies } from './strategies/index.js'
import { parameterSpecs } from './loss-program.js'
import { trainedParameters } from './trained-parameters.js'
import type { TrainerSetup } from './trainer.js'

/**
 * Code, threads and traces that compiling the first programs adds to a process (measured,
 * docs/adr/0010-memory-plan.md).
 */
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
  /** Parameters of the model and adapters, as they lie in memory. */
  readonly weights: number
  /** Adam's two moments of what is trained, and its moving average where there is one. */
  readonly optimizer: number
  /** Of what is trained. */
  readonly gradients: number
  /**
   * Of the strategies that may be chosen: `seco` only where a sequence has several chunks, `spaco` only where it is
   * asked for.
   */
  readonly strategies: Readonly<Partial<Record<StrategyName, StrategyMemory>>>
  readonly machine: { readonly total: number; readonly available: number }
  /** What the process may use. */
  readonly limit: number
  /** The strategy to use, undefined when none fits. */
  readonly chosen: StrategyName | undefined
  /** Why, as a sentence. */
  readonly reason: string
}

/**
 * Plans the memory of a training run: traces its programs, compiles and allocates nothing.
 *
 * @param unread bytes of weights that the process will have before training and does not have yet; default 0
 */
export function planMemory(given: TrainerSetup, unread = 0): MemoryPlan {
  const { options } = given
  const trains = trainedParameters(given.model, options)
  const setup = { ...given, trains }
  checkStorages(given.executor, new Set(given.stored?.values()))
  const trained = bytesOfAll(trains.trained)
  const frozen = trains.frozen.reduce((sum, parameter) => sum + bytesAtRest(parameter, given.stored), 0)
  const weights = frozen + trained
  const optimizer = (options.ema ? 3 : 2) * trained
  const resident = process.memoryUsage().rss
  const inUse = resident + unread
  // frozen weights are in the process already, and stay where they are
  const copied = given.executor.adopts === true ? trained : weights
  const state = inUse + COMPILER_BYTES + copied + optimizer + trained
  const machine = { total: totalmem(), available: process.availableMemory() + resident }
  const limit = options.memoryLimit === undefined ? USABLE * machine.available : options.memoryLimit * 1e9
  const hasChunks = given.window.original > options.chunkwise.chunk
  const isPlanned = (name: StrategyName) =>
    name === options.strategy || (name === 'seco' ? hasChunks : name !== 'spaco')
  const figures: Partial<Record<StrategyName, StrategyMemory>> = {}
  for (const name of strategyNames.filter(isPlanned)) {
    const activations = strategies[name](setup).activations()
    figures[name] = { activations, peak: state + activations }
  }
  return {
    process: inUse,
    weights,
    optimizer,
    gradients: trained,
    strategies: figures,
    machine,
    limit,
    ...choose(options.strategy, figures, limit)
  }
}

const bytesOfAll = (parameters: readonly ParameterSpec[]) =>
  Object.values(parameterSpecs({ parameters })).reduce((sum, spec) => sum + bytesOf(spec), 0)

/** Bytes of a frozen parameter. */
function bytesAtRest({ name, shape }: ParameterSpec, stored?: ReadonlyMap<string, StorageName>): number {
  const storage = stored?.get(name)
  if (storage === undefined) return bytesOf({ shape, dtype: 'float32' })
  const { codes, scales } = storedSpecs(storage, shape)
  return bytesOf(codes) + (scales ? bytesOf(scales) : 0)
}

/** Strategies of the same numbers, fastest first: what `auto` chooses from. */
const automatic = ['whole', 'blockwise', 'seco'] as const

function choose(
  asked: 'auto' | StrategyName,
  figures: MemoryPlan['strategies'],
  limit: number
): Pick<MemoryPlan, 'chosen' | 'reason'> {
  const peak = (name: StrategyName) => (figures[name] as StrategyMemory).peak
  const say = (name: StrategyName) => `${name} takes ${gigabytes(peak(name))}`
  if (asked !== 'auto') {
    return peak(asked) <= limit
      ? { chosen: asked, reason: `asked for, and ${gigabytes(peak(asked))} fit in ${gigabytes(limit)}` }
      : { chosen: undefined, reason: `${say(asked)} of ${gigabytes(limit)}` }
  }
  const candidates = automatic.filter(name => figures[name])
  const chosen = candidates.find(name => peak(name) <= limit)
  const larger = candidates
    .slice(0, chosen === undefined ? undefined : candidates.indexOf(chosen))
    .map(say)
    .join(' and ')
  if (chosen === undefined) return { chosen, reason: `${larger}, more than ${gigabytes(limit)}` }
  return {
    chosen,
    reason: larger
      ? `${larger}, more than ${gigabytes(limit)}; ${say(chosen)}`
      : `the fastest, and ${gigabytes(peak(chosen))} fit in ${gigabytes(limit)}`
  }
}

/**
 * The strategy of a plan.
 *
 * @param setup of the plan, to say what would fit
 * @param unread as the plan was given it
 * @throws SkipwiseError `TRAINING_MEMORY` when none fits
 */
export function plannedStrategy(plan: MemoryPlan, setup: TrainerSetup, unread = 0): StrategyName {
  if (plan.chosen !== undefined) return plan.chosen
  throw new SkipwiseError('TRAINING_MEMORY', {
    problem: `training does not fit in memory: ${plan.reason}`,
    fix: remedy(plan, setup, unread)
  })
}

/** The least that a run of this model can take, with the advice that follows. */
function remedy({ limit }: MemoryPlan, setup: TrainerSetup, unread: number): string {
  const { options } = setup
  const smallest = planMemory({ ...setup, options: { ...options, strategy: 'auto', microBatch: 1 } }, unread)
  const { chosen } = smallest
  if (chosen !== undefined) {
    const change = [
      options.microBatch > 1 && 'microBatch: 1',
      options.strategy !== 'auto' && options.strategy !== chosen && `strategy: ${chosen}`
    ]
      .filter(Boolean)
      .join(' and ')
    return `use ${change} (${gigabytes((smallest.strategies[chosen] as StrategyMemory).peak)})`
  }
  const [least, { peak }] = Object.entries(smallest.strategies).reduce((a, b) => (b[1].peak < a[1].peak ? b : a))
  return `it needs at least ${gigabytes(peak)} with microBatch 1 and strategy ${least}: use a shorter window.original, a smaller model or a machine with more than ${gigabytes(limit)}`
}

const gigabytes = (bytes: number) => `${(bytes / 1e9).toFixed(bytes < 1e10 ? 2 : 1)} GB`
