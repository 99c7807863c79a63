import type { ParameterSpec } from '@skipwise/nn'
import { restoreWeight, sizeOf, type Weight } from '@skipwise/runtime'
import { mergeAdapter, type LoraAdapter } from './lora.js'
import type { TrainedParameters } from './trained-parameters.js'

/**
 * The weights of a model after training, by name, row-major float32, in the order of its parameters: frozen ones
 * restored, adapters merged into their matrices. Each is made when it is asked for, so that a large model is not in
 * memory once more.
 */
export class MergedWeights implements ReadonlyMap<string, Float32Array> {
  readonly #adapters: ReadonlyMap<string, LoraAdapter>

  /**
   * @param base frozen parameters; those that are absent are zero
   * @param trained parameters and adapters
   */
  constructor(
    private readonly parameters: readonly ParameterSpec[],
    private readonly base: ReadonlyMap<string, Weight>,
    private readonly trained: ReadonlyMap<string, Float32Array>,
    private readonly trains: TrainedParameters
  ) {
    this.#adapters = new Map(trains.adapters.map(adapter => [adapter.target, adapter]))
  }

  get size(): number {
    return this.parameters.length
  }

  has(name: string): boolean {
    return this.parameters.some(parameter => parameter.name === name)
  }

  get(name: string): Float32Array | undefined {
    const parameter = this.parameters.find(each => each.name === name)
    return parameter && this.#make(parameter)
  }

  #make({ name, shape }: ParameterSpec): Float32Array {
    const trained = this.trained.get(name)
    if (trained) return trained
    const given = this.base.get(name)
    const weight = given === undefined ? new Float32Array(sizeOf(shape)) : restoreWeight(given)
    const adapter = this.#adapters.get(name)
    if (!adapter) return weight
    const [a, b] = [adapter.a.name, adapter.b.name].map(each => this.trained.get(each) as Float32Array)
    return mergeAdapter(weight, adapter, a, b, this.trains.adapterScale)
  }

  *entries(): MapIterator<[string, Float32Array]> {
    for (const parameter of this.parameters) yield [parameter.name, this.#make(parameter)]
  }

  *keys(): MapIterator<string> {
    for (const { name } of this.parameters) yield name
  }

  *values(): MapIterator<Float32Array> {
    for (const parameter of this.parameters) yield this.#make(parameter)
  }

  [Symbol.iterator](): MapIterator<[string, Float32Array]> {
    return this.entries()
  }

  forEach(call: (weight: Float32Array, name: string, map: ReadonlyMap<string, Float32Array>) => void): void {
    for (const [name, weight] of this) call(weight, name, this)
  }
}
