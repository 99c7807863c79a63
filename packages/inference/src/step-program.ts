import {
  positionEncoder,
  tableWidth,
  attentionScale,
  crossEntropy,
  logits,
  runBlocks,
  type ModelDefinition,
  type ModelGeometry,
  type PositionalEncoding
} from '@skipwise/nn'
import {
  cachedAttention,
  embedding,
  trace,
  type Executor,
  type Graph,
  type tf,
  type Value,
  type Values,
  type ValueSpec
} from '@skipwise/runtime'

/** What a step computes besides the cache: nothing, the loss of every token's label, or the logits of one token. */
type StepOutput = 'none' | 'loss' | 'logits'

/** A program's static sizes. */
export interface StepShape {
  /** T: new tokens. */
  readonly length: number
  /** S: slots of the cache. */
  readonly capacity: number
  readonly output: StepOutput
  readonly softmaxScale: number
}

/** Names of a layer's caches among inputs and outputs. */
export const cacheNames = (layer: number) => ({ key: `keyCache${layer}`, value: `valueCache${layer}` })

/** Shape of one layer's key cache, and of its value cache: [1, K, S, D]. */
const cacheSpec = ({ keyValueHeads, headDim }: ModelGeometry, capacity: number): ValueSpec => ({
  shape: [1, keyValueHeads, capacity, headDim],
  dtype: 'float32'
})

/**
 * T new tokens over a cache. Inputs: every parameter by name; `ids` [T]; `cos`, `sin` [1, T, R/2], see `tableWidth`;
 * `pastLength`, tokens in the cache; `keyCache0`, `valueCache0`, … [1, K, S, D]; for the loss `labels` [T]; for logits
 * `row` [1], which token's. Outputs: the caches under their names, `loss` [T] = −log p(label), `logits` [1, V].
 */
export function traceStep(model: ModelDefinition, encoding: PositionalEncoding, shape: StepShape): Graph {
  const { geometry } = model
  const { length, capacity, output } = shape
  const scale = attentionScale(geometry, shape.softmaxScale)
  const slopes = encoding.slopes?.(geometry.heads)
  return trace(
    `${output === 'none' ? 'prefill' : output} ${length} of ${capacity}`,
    inputs => {
      const outputs: Record<string, tf.Tensor> = {}
      const cos = inputs.cos as tf.Tensor3D
      const sin = inputs.sin as tf.Tensor3D
      const hidden = runBlocks(model, inputs, inputs.ids as tf.Tensor1D, {
        batch: 1,
        length,
        encode: positionEncoder(encoding, geometry, cos, sin),
        attend(layer, query, key, value, slidingWindow) {
          const names = cacheNames(layer)
          const keyCache = inputs[names.key] as tf.Tensor4D
          const valueCache = inputs[names.value] as tf.Tensor4D
          const attended = cachedAttention(
            { query, key, value, keyCache, valueCache, pastLength: inputs.pastLength as tf.Scalar },
            scale,
            { slopes, slidingWindow, softCap: geometry.scoreSoftCap }
          )
          outputs[names.key] = attended.keyCache
          outputs[names.value] = attended.valueCache
          return attended.output
        }
      })
      if (output === 'loss') outputs.loss = crossEntropy(model.head(inputs, hidden), inputs.labels as tf.Tensor1D)
      if (output === 'logits') outputs.logits = logits(model.head(inputs, embedding(hidden, inputs.row as tf.Tensor1D)))
      return outputs
    },
    stepSpecs(model, shape)
  )
}

function stepSpecs(model: ModelDefinition, { length, capacity, output }: StepShape): Record<string, ValueSpec> {
  const { geometry } = model
  const table: ValueSpec = { shape: [1, length, tableWidth(geometry)], dtype: 'float32' }
  const specs: Record<string, ValueSpec> = {
    ...Object.fromEntries(model.parameters.map(({ name, shape }) => [name, { shape, dtype: 'float32' as const }])),
    ids: { shape: [length], dtype: 'int32' },
    cos: table,
    sin: table,
    pastLength: { shape: [], dtype: 'int32' }
  }
  for (let layer = 0; layer < geometry.layers; layer++) {
    const names = cacheNames(layer)
    specs[names.key] = specs[names.value] = cacheSpec(geometry, capacity)
  }
  if (output === 'loss') specs.labels = { shape: [length], dtype: 'int32' }
  if (output === 'logits') specs.row = { shape: [1], dtype: 'int32' }
  return specs
}

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
