import { randomStream } from '@skipwise/core'
import { bytesOf, type HostData, type Program, type Value, type Values } from '@skipwise/runtime'
import { accumulatedName, gradientName, KEEP } from '../loss-program.js'
import { chooseChunks, type ChunkWeights } from './chunk-choice.js'
import {
  backwardSpecs,
  cacheGradientNames,
  cacheNames,
  cacheSpec,
  chunkSpecs,
  traceChunkBackward,
  traceChunkForward,
  type ChunkModel
} from './chunk-programs.js'
import {
  programShape,
  temporariesOf,
  withStored,
  zeroGradients,
  type GradientStrategy,
  type PreparedStrategy,
  type StrategySetup
} from './strategy.js'

/** Weights of the chunks of a micro-batch, by the number of its first example in the run. */
export type ChooseWeights = (chunks: number, index: number) => ChunkWeights

/** Exact gradients chunk by chunk: see {@link prepareChunkwise}. */
export const prepareSeco = (setup: StrategySetup): PreparedStrategy => prepareChunkwise(setup)

/** Gradients of some chunks, with the others made up for: see {@link prepareChunkwise} and `chooseChunks`. */
export function prepareSpaco(setup: StrategySetup): PreparedStrategy {
  const { chunks = 1, seed = 0 } = setup.options.chunkwise
  return prepareChunkwise(setup, (count, index) =>
    chooseChunks(count, chunks, randomStream({ seed, stream: 'spaco', index }))
  )
}

/**
 * Sequences chunk by chunk (SeCO, Li et al. 2025, arXiv 2505.16710): forward, only keys and values are kept; backward,
 * from the last chunk, each is computed again, and what its gradient leaves at the keys and values of earlier chunks
 * flows into these when they are reached. Activations in memory: one chunk of all layers, keys, values, and gradients
 * of both. With `choose` (SpaCO), only chunks of a weight other than 0 go backward.
 */
export function prepareChunkwise(setup: StrategySetup, choose?: ChooseWeights): PreparedStrategy {
  const { model, encoding, executor, trains, window, options } = setup
  const { batch, softmaxScale, packed = false } = programShape(setup)
  const length = Math.min(options.chunkwise.chunk, window.original)
  const count = Math.ceil(window.original / length)
  // nothing reads the last chunk's keys and values, unless its loss is computed forward
  const of: ChunkModel = {
    model,
    encoding,
    shape: { batch, length, slots: Math.max(1, choose ? count : count - 1) * length, packed, softmaxScale, trains }
  }
  const forward = withStored(setup, traceChunkForward(of, { loss: choose !== undefined }))
  const backward = withStored(setup, traceChunkBackward(of))
  const caches = cacheNames(of)
  const gradients = cacheGradientNames(of)
  const same = (names: readonly string[]) => Object.fromEntries(names.map(name => [name, name]))
  return {
    activations: () => 2 * caches.length * bytesOf(cacheSpec(of)) + temporariesOf(setup, [forward, backward]),
    async open() {
      const programs = {
        forward: await executor.compile(forward, { donate: same(caches) }),
        backward: await executor.compile(backward, {
          donate: {
            ...Object.fromEntries(trains.trained.map(({ name }) => [accumulatedName(name), gradientName(name)])),
            ...same(gradients)
          }
        })
      }
      const zeros = (names: readonly string[]) =>
        Object.fromEntries(names.map(name => [name, executor.upload(cacheSpec(of))]))
      return new ChunkwiseStrategy(
        setup,
        of,
        count,
        programs,
        zeros(caches),
        zeros(gradients),
        zeroGradients(setup),
        choose
      )
    }
  }
}

class ChunkwiseStrategy implements GradientStrategy {
  constructor(
    private readonly setup: StrategySetup,
    private readonly of: ChunkModel,
    private readonly count: number,
    private readonly programs: { readonly forward: Program; readonly backward: Program },
    private caches: Record<string, Value>,
    private cacheGradients: Record<string, Value>,
    public gradients: Record<string, Value>,
    private readonly choose: ChooseWeights | undefined
  ) {}

  async run(parameters: Values, batch: Values, begin: boolean, index: number): Promise<number> {
    const { count, programs, choose } = this
    const {
      executor,
      trains,
      options: { chunkwise }
    } = this.setup
    const host: Record<string, HostData> = {}
    for (const [name, value] of Object.entries(batch)) host[name] = await executor.read(value)
    const weights = choose?.(count, index) ?? new Array<number>(count).fill(1)
    let loss = 0
    for (let chunk = 0; chunk < (choose ? count : count - 1); chunk++) {
      const inputs = this.#upload(chunkSpecs(this.of), this.#inputsOf(host, chunk, 1))
      const { loss: share, ...caches } = await programs.forward.run({ ...parameters, ...inputs, ...this.caches })
      this.caches = caches
      if (choose) loss += (await executor.read(share))[0]
      dispose(inputs)
    }
    let isFirst = true
    for (let chunk = count - 1; chunk >= 0; chunk--) {
      const weight = weights[chunk]
      if (weight === 0) continue
      const scalars = {
        keepCaches: Number(!isFirst),
        ownScale: isFirst ? 0 : Math.min(weight, chunkwise.maxCompensation ?? Infinity),
        [KEEP]: Number(!(begin && isFirst))
      }
      const inputs = {
        ...this.#upload(chunkSpecs(this.of), this.#inputsOf(host, chunk, weight)),
        ...this.#upload(backwardSpecs(this.of), {
          ownSlots: this.#slotsOf(isFirst ? 0 : chunk),
          ...Object.fromEntries(Object.entries(scalars).map(([name, value]) => [name, Float32Array.of(value)]))
        })
      }
      const accumulated = Object.fromEntries(
        trains.trained.map(({ name }) => [accumulatedName(name), this.gradients[gradientName(name)]])
      )
      const outputs = await programs.backward.run({
        ...parameters,
        ...inputs,
        ...accumulated,
        ...this.caches,
        ...this.cacheGradients
      })
      if (!choose) loss += (await executor.read(outputs.loss))[0]
      this.cacheGradients = pick(outputs, Object.keys(this.cacheGradients))
      this.gradients = pick(outputs, Object.keys(this.gradients))
      dispose(inputs)
      isFirst = false
    }
    return loss
  }

  /**
   * What a chunk's programs are fed, by name; a last chunk that is too short is filled with tokens that no other sees
   * and that have no loss.
   */
  #inputsOf(host: Readonly<Record<string, HostData>>, chunk: number, weight: number): Record<string, HostData> {
    const { batch: B, length: C, slots: S, packed } = this.of.shape
    const T = this.setup.window.original
    const begin = chunk * C
    const rows = <A extends HostData>(data: A, from: number, count: number): A => {
      const width = data.length / (B * T)
      const cut = new (data.constructor as new (length: number) => A)(B * count * width)
      for (let row = 0; row < B; row++)
        cut.set(
          data.subarray((row * T + from) * width, (row * T + Math.min(T, from + count)) * width) as never,
          row * count * width
        )
      return cut
    }
    const own = Object.fromEntries(Object.entries(host).map(([name, data]) => [name, rows(data, begin, C)]))
    return {
      ...own,
      labelWeights: (own.labelWeights as Float32Array).map(value => value * weight),
      pastLength: Int32Array.of(begin),
      ...(host.positions && { pastPositions: rows(host.positions, 0, S) }),
      ...(packed && { pastDocuments: rows(host.documents, 0, S) })
    }
  }

  /** Rows of a chunk in a cache seen as [B·K·S, D]. */
  #slotsOf(chunk: number): Int32Array {
    const {
      shape: { batch, length, slots },
      model: {
        geometry: { keyValueHeads }
      }
    } = this.of
    return Int32Array.from(
      { length: batch * keyValueHeads * length },
      (_, i) => Math.floor(i / length) * slots + chunk * length + (i % length)
    )
  }

  #upload(specs: ReturnType<typeof chunkSpecs>, data: Readonly<Record<string, HostData>>): Record<string, Value> {
    return Object.fromEntries(
      Object.entries(data).map(([name, array]) => [name, this.setup.executor.upload(specs[name], array)])
    )
  }

  async dispose(): Promise<void> {
    for (const values of [this.caches, this.cacheGradients, this.gradients]) dispose(values)
    await this.programs.forward.dispose()
    await this.programs.backward.dispose()
  }
}

const pick = (values: Values, names: readonly string[]): Record<string, Value> =>
  Object.fromEntries(names.map(name => [name, values[name]]))

const dispose = (values: Values): void => {
  for (const value of Object.values(values)) value.dispose()
}
