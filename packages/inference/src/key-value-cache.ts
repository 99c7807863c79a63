import type { ModelGeometry } from '@skipwise/nn'
import type { Executor, Value, Values } from '@skipwise/runtime'
import { cacheNames, cacheSpec } from './step-program.js'

/** Keys and values of one sequence's tokens, on the executor's device; the steps update it in place. */
export class KeyValueCache {
  /** Tokens in it. */
  length = 0
  #values: Record<string, Value>

  private constructor(
    private readonly executor: Executor,
    private readonly geometry: ModelGeometry,
    private slots: number,
    values: Record<string, Value>
  ) {
    this.#values = values
  }

  /** An empty cache of `capacity` slots. */
  static allocate(executor: Executor, geometry: ModelGeometry, capacity: number): KeyValueCache {
    const spec = cacheSpec(geometry, capacity)
    return new KeyValueCache(
      executor,
      geometry,
      capacity,
      Object.fromEntries(namesOf(geometry).map(name => [name, executor.upload(spec)]))
    )
  }

  /** S. */
  get capacity(): number {
    return this.slots
  }

  /** The caches by their names in a program. */
  get values(): Values {
    return this.#values
  }

  /** Takes the caches back from a program that consumed them. */
  replace(outputs: Values): void {
    for (const name of Object.keys(this.#values)) this.#values[name] = outputs[name]
  }

  /** Moves the tokens into a cache of `capacity` slots, larger than this. */
  async grow(capacity: number): Promise<void> {
    const { keyValueHeads, headDim } = this.geometry
    const spec = cacheSpec(this.geometry, capacity)
    for (const name of Object.keys(this.#values)) {
      const small = (await this.executor.read(this.#values[name])) as Float32Array
      const large = new Float32Array(keyValueHeads * capacity * headDim)
      for (let head = 0; head < keyValueHeads; head++) {
        const begin = head * this.slots * headDim
        large.set(small.subarray(begin, begin + this.length * headDim), head * capacity * headDim)
      }
      const value = this.executor.upload(spec, large)
      this.#values[name].dispose()
      this.#values[name] = value
    }
    this.slots = capacity
  }

  dispose(): void {
    for (const value of Object.values(this.#values)) value.dispose()
    this.#values = {}
  }
}

const namesOf = ({ layers }: ModelGeometry): string[] =>
  Array.from({ length: layers }, (_, layer) => Object.values(cacheNames(layer))).flat()
