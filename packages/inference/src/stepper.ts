import { SkipwiseError, type RopeFrequencies } from '@skipwise/core'
import { positionTables, type ModelDefinition, type PositionalEncoding } from '@skipwise/nn'
import {
  checkStorages,
  isStored,
  scalesName,
  sizeOf,
  storedSpecs,
  storeWeights,
  type Executor,
  type HostData,
  type Program,
  type StorageName,
  type Value,
  type Weight
} from '@skipwise/runtime'
import { cacheNames, traceStep, type KeyValueCache, type StepShape } from './step-program.js'

/**
 * Where a model's weights come from: by name, row-major float32, or matrices at rest. A function gives away what it
 * returns.
 */
export type WeightSource = ReadonlyMap<string, Weight> | ((name: string) => Promise<Weight>)

/** Which tokens go through the model, and what is wanted of them. */
export type StepInputs = {
  /** T of the program; `ids` may be fewer. */
  readonly length: number
  readonly ids: Int32Array
  readonly frequencies: RopeFrequencies
} & (
  { readonly output: 'none' } | { readonly output: 'loss'; readonly labels: Int32Array } | { readonly output: 'logits' }
)

/** A model on a device: weights uploaded once, and a program for each shape, compiled when it is first needed. */
export class Stepper {
  readonly #programs = new Map<string, Program>()
  #parameters: Record<string, Value>
  #last: Promise<unknown> = Promise.resolve()
  #disposed = false

  private constructor(
    private readonly model: ModelDefinition,
    private readonly encoding: PositionalEncoding,
    private readonly executor: Executor,
    parameters: Record<string, Value>,
    private readonly stored: ReadonlyMap<string, StorageName>
  ) {
    this.#parameters = parameters
  }

  /** @throws SkipwiseError `INFERENCE_WEIGHTS`, `EXECUTOR_STORAGE` */
  static async open(
    model: ModelDefinition,
    encoding: PositionalEncoding,
    executor: Executor,
    weights: WeightSource
  ): Promise<Stepper> {
    const parameters: Record<string, Value> = {}
    const stored = new Map<string, StorageName>()
    const adopt = typeof weights === 'function'
    for (const { name, shape } of model.parameters) {
      const weight = typeof weights === 'function' ? await weights(name) : weights.get(name)
      if (weight === undefined || sizeOfWeight(weight) !== sizeOf(shape)) throw weightError(name, shape, weight)
      if (!isStored(weight)) {
        parameters[name] = executor.upload({ shape, dtype: 'float32' }, weight, { adopt })
        continue
      }
      checkStorages(executor, [weight.storage])
      stored.set(name, weight.storage)
      const { codes, scales } = storedSpecs(weight.storage, shape)
      // nothing writes to codes
      parameters[name] = executor.upload(codes, weight.codes, { adopt: true })
      if (scales) parameters[scalesName(name)] = executor.upload(scales, weight.scales, { adopt: true })
    }
    return new Stepper(model, encoding, executor, parameters, stored)
  }

  /**
   * Runs the tokens after those of the cache and adds them to it.
   *
   * @returns −log p of every label [ids.length], logits of the last token [V], or nothing; a copy
   */
  async run(cache: KeyValueCache, step: StepInputs): Promise<Float32Array> {
    // One step at a time: a program's outputs hold only until its next run, and callers may score several sequences at
    // once.
    const result = this.#last.then(() => this.#run(cache, step))
    this.#last = result.catch(() => undefined)
    return result
  }

  async #run(cache: KeyValueCache, step: StepInputs): Promise<Float32Array> {
    if (this.#disposed)
      throw new SkipwiseError('INFERENCE_DISPOSED', {
        problem: 'the language model was used after dispose()',
        fix: 'create another, or dispose of it later'
      })
    const { ids, length, output, frequencies } = step
    const program = await this.#program({
      length,
      capacity: cache.capacity,
      output,
      softmaxScale: frequencies.softmaxScale
    })
    const { cos, sin } = positionTables(
      this.encoding,
      this.model.geometry,
      positionsFrom(cache.length, length),
      frequencies
    )
    const data: Record<string, HostData> = {
      ids: padded(ids, length),
      cos,
      sin,
      pastLength: Int32Array.of(cache.length)
    }
    if (output === 'loss') data.labels = padded(step.labels, length)
    if (output === 'logits') data.row = Int32Array.of(ids.length - 1)
    const { graph } = program
    const uploaded = Object.fromEntries(
      Object.entries(data).map(([name, values]) => [
        name,
        this.executor.upload(graph.values[graph.inputs[name]], values)
      ])
    )
    try {
      const outputs = await program.run({ ...this.#parameters, ...cache.values, ...uploaded })
      cache.replace(outputs)
      cache.length += ids.length
      if (output === 'none') return new Float32Array(0)
      const numbers = (await this.executor.read(outputs[output])) as Float32Array
      return output === 'loss' ? numbers.slice(0, ids.length) : numbers.slice()
    } finally {
      for (const value of Object.values(uploaded)) value.dispose()
    }
  }

  async #program(shape: StepShape): Promise<Program> {
    const key = JSON.stringify(shape)
    const known = this.#programs.get(key)
    if (known) return known
    const names = Array.from({ length: this.model.geometry.layers }, (_, layer) =>
      Object.values(cacheNames(layer))
    ).flat()
    const program = await this.executor.compile(
      storeWeights(traceStep(this.model, this.encoding, shape), this.stored),
      {
        donate: Object.fromEntries(names.map(name => [name, name]))
      }
    )
    this.#programs.set(key, program)
    return program
  }

  /** Frees weights and programs once the step under way has ended. */
  async dispose(): Promise<void> {
    if (this.#disposed) return
    this.#disposed = true
    await this.#last
    for (const value of Object.values(this.#parameters)) value.dispose()
    this.#parameters = {}
    for (const program of this.#programs.values()) await program.dispose()
    this.#programs.clear()
  }
}

/** first … first + length − 1. A loop: Int32Array.from takes a function call each. */
function positionsFrom(first: number, length: number): Int32Array {
  const positions = new Int32Array(length)
  for (let t = 0; t < length; t++) positions[t] = first + t
  return positions
}

/** `ids` padded with zeros; these tokens come after every real one. */
function padded(ids: Int32Array, length: number): Int32Array {
  const all = new Int32Array(length)
  all.set(ids)
  return all
}

const sizeOfWeight = (weight: Weight): number => (isStored(weight) ? sizeOf(weight.shape) : weight.length)

const weightError = (name: string, shape: readonly number[], weight: Weight | undefined) =>
  new SkipwiseError('INFERENCE_WEIGHTS', {
    problem: weight
      ? `${name} has ${sizeOfWeight(weight)} elements, and its shape [${shape.join()}] has ${sizeOf(shape)}`
      : `the weight ${name} is missing`,
    fix: 'use the weights of the checkpoint whose config.json defined the model'
  })
