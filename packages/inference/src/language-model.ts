import {
  letEventsIn,
  SkipwiseError,
  type LanguageModel,
  type RopeFrequencies,
  type ScoredSequence,
  type Tokenizer
} from '@skipwise/core'
import type { ModelDefinition, PositionalEncoding } from '@skipwise/nn'
import type { Executor } from '@skipwise/runtime'
import { capacityFor, chunkLength, chunksBetween, chunksOf, powerOfTwo, SHORTEST } from './chunks.js'
import { KeyValueCache } from './step-program.js'
import { checkGenerateOptions, createSampler } from './sampling.js'
import { Stepper, type WeightSource } from './stepper.js'

/** What {@link createLanguageModel} puts together. */
export interface LanguageModelSetup {
  /** Name of the model in results and messages. */
  readonly name: string
  readonly model: ModelDefinition
  readonly encoding: PositionalEncoding
  /**
   * Frequencies, or frequencies by the length of the sequence for schemes that depend on it (dynamic NTK, LongRoPE).
   */
  readonly frequencies: RopeFrequencies | ((length: number) => RopeFrequencies)
  /** Every parameter of `model`, row-major float32; read once. */
  readonly weights: WeightSource
  /** Runs the model. It stays the caller's, who disposes of it after the model. */
  readonly executor: Executor
  readonly tokenizer: Tokenizer
  /** Longest sequence the position encoding was made for, in tokens. */
  readonly maxLength: number
  /**
   * Longest sequence accepted, in tokens; more than `maxLength` shows how a model fails beyond it. Default `maxLength`.
   */
  readonly lengthLimit?: number | undefined
  readonly options?: LanguageModelOptions | undefined
}

/** How the work is cut. */
export interface LanguageModelOptions {
  /**
   * Tokens of a prefill chunk and fewest slots of a cache, a power of two; default 512. Chunks are shorter where the
   * scores of one would take more than 256 MB.
   */
  readonly chunk?: number | undefined
}

/**
 * A language model from its parts: chunked prefill against a key/value cache, so that memory is linear in the sequence;
 * programs are compiled for powers of two when first needed and shared by all sequences. Sequences have positions 0 … n
 * − 1.
 *
 * `generate` takes frequencies that depend on the length for prompt plus `maxNewTokens`, because keys in the cache keep
 * the rotation they came with; `score` takes them for the length of its ids.
 *
 * @throws SkipwiseError `INFERENCE_WEIGHTS`, `INFERENCE_OPTIONS`; `score` and `generate` throw `INFERENCE_IDS`,
 * `INFERENCE_TOO_LONG`, `INFERENCE_OPTIONS`, and `signal.reason` when aborted
 */
export async function createLanguageModel(setup: LanguageModelSetup): Promise<LanguageModel> {
  const { chunk = 512 } = setup.options ?? {}
  if (!Number.isInteger(chunk) || chunk < 1 || powerOfTwo(chunk) !== chunk)
    throw new SkipwiseError('INFERENCE_OPTIONS', { problem: `chunk is ${chunk}`, fix: 'pass a power of two' })
  return new CachedLanguageModel(
    setup,
    chunk,
    await Stepper.open(setup.model, setup.encoding, setup.executor, setup.weights)
  )
}

type ScoreOptions = NonNullable<Parameters<LanguageModel['score']>[1]>
type GenerateOptions = Parameters<LanguageModel['generate']>[1]

class CachedLanguageModel implements LanguageModel {
  readonly name: string
  readonly tokenizer: Tokenizer
  readonly vocabSize: number
  readonly maxLength: number
  readonly #limit: number

  constructor(
    private readonly setup: LanguageModelSetup,
    private readonly chunk: number,
    private readonly stepper: Stepper
  ) {
    this.name = setup.name
    this.tokenizer = setup.tokenizer
    this.vocabSize = setup.model.geometry.vocabSize
    this.maxLength = setup.maxLength
    this.#limit = setup.lengthLimit ?? setup.maxLength
  }

  async score(ids: Int32Array, { from = 0, signal }: ScoreOptions = {}): Promise<Float64Array> {
    this.#checkIds(ids, 2, -1)
    checkFrom(from)
    const frequencies = this.#frequencies(ids.length)
    const scores = new Float64Array(ids.length - 1)
    if (from >= scores.length) return scores
    const cache = this.#allocate(scores.length)
    try {
      for (const { begin, end, length } of this.#chunks(scores.length, cache)) {
        await letEventsIn(signal)
        const tokens = { length, frequencies, ids: ids.subarray(begin, end) }
        const losses = await this.stepper.run(
          cache,
          end > from
            ? { ...tokens, output: 'loss', labels: ids.subarray(begin + 1, end + 1) }
            : { ...tokens, output: 'none' }
        )
        for (let t = Math.max(begin, from); t < end; t++) scores[t] = -losses[t - begin]
      }
    } finally {
      cache.dispose()
    }
    return scores
  }

  async scoreAll(
    sequences: readonly ScoredSequence[],
    { signal }: { readonly signal?: AbortSignal } = {}
  ): Promise<Float64Array[]> {
    for (const { ids, from } of sequences) {
      this.#checkIds(ids, 2, -1)
      checkFrom(from)
    }
    // Padding after the last token of a sequence needs room too.
    const cache = this.#allocate(SHORTEST + Math.max(0, ...sequences.map(({ ids }) => ids.length - 1)))
    const all: Float64Array[] = []
    let before: Int32Array = new Int32Array(0)
    try {
      for (const { ids, from } of sequences) {
        const frequencies = this.#frequencies(ids.length)
        const scores = new Float64Array(ids.length - 1)
        const tokens = scores.length
        // Its last token is never run: only predicted.
        const shared =
          before.length > 1 && this.sharesPrefix(ids.length, before.length)
            ? sharedLength(ids.subarray(0, -1), before.subarray(0, -1))
            : 0
        cache.length = Math.min(shared, from, tokens)
        before = ids
        for (const output of ['none', 'loss'] as const) {
          const end = output === 'none' ? Math.min(from, tokens) : tokens
          for (const chunk of chunksBetween(
            cache.length,
            end,
            chunkLength(this.chunk, cache.capacity, this.setup.model.geometry.heads),
            cache.capacity
          )) {
            await letEventsIn(signal)
            const step = { length: chunk.length, frequencies, ids: ids.subarray(chunk.begin, chunk.end) }
            if (output === 'none') await this.stepper.run(cache, { ...step, output })
            else {
              const losses = await this.stepper.run(cache, {
                ...step,
                output,
                labels: ids.subarray(chunk.begin + 1, chunk.end + 1)
              })
              losses.forEach((loss, t) => (scores[chunk.begin + t] = -loss))
            }
          }
        }
        all.push(scores)
      }
    } finally {
      cache.dispose()
    }
    return all
  }

  sharesPrefix(shorter: number, longer: number): boolean {
    const one = this.#frequencies(shorter)
    const other = this.#frequencies(longer)
    return (
      one.attentionFactor === other.attentionFactor &&
      one.softmaxScale === other.softmaxScale &&
      one.inverseFrequencies.every((frequency, i) => frequency === other.inverseFrequencies[i])
    )
  }

  async *generate(ids: Int32Array, options: GenerateOptions): AsyncGenerator<number, void> {
    checkGenerateOptions(options)
    const { maxNewTokens, stopIds = [], signal } = options
    const seen = new Set(ids)
    this.#checkIds(ids, 1, maxNewTokens)
    signal?.throwIfAborted()
    if (maxNewTokens === 0) return
    const frequencies = this.#frequencies(ids.length + maxNewTokens)
    const choose = createSampler(options)
    // Room for the first tokens to come is made at once; a long continuation grows the cache on the way.
    const cache = this.#allocate(ids.length + Math.min(maxNewTokens - 1, this.chunk))
    try {
      let logits: Float32Array = new Float32Array(0)
      for (const { begin, end, length } of this.#chunks(ids.length, cache)) {
        await letEventsIn(signal)
        logits = await this.stepper.run(cache, {
          length,
          frequencies,
          ids: ids.subarray(begin, end),
          output: end === ids.length ? 'logits' : 'none'
        })
      }
      for (let step = 0; ; step++) {
        const id = choose(logits, step, seen)
        if (stopIds.includes(id)) return
        seen.add(id)
        yield id
        if (step + 1 === maxNewTokens) return
        await letEventsIn(signal)
        if (cache.length === cache.capacity) await cache.grow(2 * cache.capacity)
        logits = await this.stepper.run(cache, { length: 1, frequencies, ids: Int32Array.of(id), output: 'logits' })
      }
    } finally {
      cache.dispose()
    }
  }

  dispose(): void {
    void this.stepper.dispose()
  }

  #allocate(tokens: number): KeyValueCache {
    return KeyValueCache.allocate(this.setup.executor, this.setup.model.geometry, capacityFor(tokens, this.chunk))
  }

  #chunks(tokens: number, { capacity }: KeyValueCache) {
    return chunksOf(tokens, chunkLength(this.chunk, capacity, this.setup.model.geometry.heads))
  }

  #frequencies(length: number): RopeFrequencies {
    const { frequencies } = this.setup
    return typeof frequencies === 'function' ? frequencies(length) : frequencies
  }

  /** @param more tokens that will be run besides `ids`; −1 where their last one is not */
  #checkIds(ids: Int32Array, fewest: number, more: number): void {
    if (ids.length < fewest)
      throw new SkipwiseError('INFERENCE_IDS', {
        problem: `${this.name} was given ${ids.length} token ids`,
        fix: `pass at least ${fewest}`
      })
    if (ids.length + more > this.#limit) {
      throw new SkipwiseError('INFERENCE_TOO_LONG', {
        problem: `${ids.length} tokens${more > 0 ? ` and ${more} new ones` : ''} are more than the ${this.#limit} that ${this.name} accepts`,
        fix: 'shorten the text, ask for fewer new tokens, or extend the model to a longer window'
      })
    }
    const unknown = ids.find(id => id < 0 || id >= this.vocabSize)
    if (unknown !== undefined) {
      throw new SkipwiseError('INFERENCE_IDS', {
        problem: `${this.name} has no token ${unknown}, its ids are 0 … ${this.vocabSize - 1}`,
        fix: 'use the tokenizer of the model'
      })
    }
  }
}

function checkFrom(from: number): void {
  if (!Number.isInteger(from) || from < 0)
    throw new SkipwiseError('INFERENCE_OPTIONS', { problem: `from is ${from}`, fix: 'pass an integer ≥ 0' })
}

/** How many tokens two sequences have in common from the first on. */
function sharedLength(a: Int32Array, b: Int32Array): number {
  const most = Math.min(a.length, b.length)
  let shared = 0
  while (shared < most && a[shared] === b[shared]) shared++
  return shared
}
