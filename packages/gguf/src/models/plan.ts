import { SkipwiseError } from '@skipwise/core'
import { float32, text, uint32, type Metadata, type MetadataValue } from '../metadata.js'

/** A parameter of a model, under the name and with the shape that it has in its checkpoint. */
export interface Parameter {
  readonly name: string
  readonly shape: readonly number[]
}

/** A tensor of the file, and how it is made of parameters. */
export interface PlannedTensor {
  readonly name: string
  /** Outermost first. */
  readonly shape: readonly number[]
  /** Whether it is F32 in a file of any type: norms, biases, tables. */
  readonly keepsFloat32: boolean
  /** The parameters that it is made of, or its numbers, row-major [n]. */
  readonly from: readonly string[] | Float32Array
  /** Makes it of them, row-major [n] each; one parameter as it is, if not given. Never changes its arguments. */
  readonly change?: ((parts: readonly Float32Array[]) => Float32Array) | undefined
}

/** What `skipwise convert --to llama.cpp` gives: keys with the prefix of the architecture, and tables of factors. */
export interface RopeKeys {
  readonly keys: Readonly<Record<string, unknown>>
  /** [R/2] each. */
  readonly tensors?: Readonly<Record<string, readonly number[]>> | undefined
}

/** A model as a GGUF file has it, without its tokenizer. */
export interface ModelPlan {
  /** `general.architecture`. */
  readonly architecture: string
  /** Keys of the architecture, RoPE included. */
  readonly metadata: Metadata
  readonly tensors: readonly PlannedTensor[]
  /** What a user should know; nothing of it is wrong. */
  readonly notes: readonly string[]
}

/** The error for a model that llama.cpp would not compute as it is. */
export const modelError = (problem: string, fix = 'serve it with transformers or vLLM'): SkipwiseError =>
  new SkipwiseError('GGUF_MODEL', { problem: `llama.cpp: ${problem}`, fix })

/** Sizes that every architecture has keys for. */
export interface CommonSizes {
  readonly vocabSize: number
  readonly hiddenSize: number
  readonly intermediateSize: number
  readonly layers: number
  readonly heads: number
  readonly keyValueHeads: number
  readonly headDim: number
  /** The window, in tokens. */
  readonly contextLength: number
}

/** The keys of {@link CommonSizes}. */
export const sizeKeys = (architecture: string, sizes: CommonSizes): [string, MetadataValue][] =>
  Object.entries({
    block_count: sizes.layers,
    context_length: sizes.contextLength,
    embedding_length: sizes.hiddenSize,
    feed_forward_length: sizes.intermediateSize,
    'attention.head_count': sizes.heads,
    'attention.head_count_kv': sizes.keyValueHeads,
    'attention.key_length': sizes.headDim,
    'attention.value_length': sizes.headDim,
    vocab_size: sizes.vocabSize
  }).map(([key, value]) => [`${architecture}.${key}`, uint32(value)])

/** RoPE keys whose numbers are whole; the others are float32. */
const WHOLE = /\.(context_length|dimension_count|original_context_length)$/

/**
 * The keys of a conversion with their types.
 *
 * @throws SkipwiseError `GGUF_MODEL` for keys of another architecture, or of a kind that is not known
 */
export function ropeEntries(architecture: string, { keys }: RopeKeys): [string, MetadataValue][] {
  return Object.entries(keys).map(([key, value]) => {
    if (key.startsWith(`${architecture}.`)) {
      if (typeof value === 'string') return [key, text(value)]
      if (typeof value === 'number') return [key, WHOLE.test(key) ? uint32(value) : float32(value)]
    }
    throw modelError(`the key ${key} has no place in a file of ${architecture}`)
  })
}

/** The tables of a conversion, as tensors. */
export const ropeTensors = ({ tensors = {} }: RopeKeys): PlannedTensor[] =>
  Object.entries(tensors).map(([name, values]) => ({
    name,
    shape: [values.length],
    keepsFloat32: true,
    from: Float32Array.from(values)
  }))

/**
 * Reads parameters and makes tensors of them, row-major, as many numbers [n] as their shape has; of a parameter that
 * several tensors are cut from, the last is kept.
 */
export function tensorReader(
  read: (name: string) => Promise<Float32Array>
): (tensor: PlannedTensor) => Promise<Float32Array> {
  let last: { readonly name: string; readonly values: Float32Array } | undefined
  const readOnce = async (name: string) => {
    if (last?.name !== name) {
      // let go before the next is read, so that two are never in memory
      last = undefined
      last = { name, values: await read(name) }
    }
    return last.values
  }
  return async ({ from, change }) => {
    if (from instanceof Float32Array) return from
    const parts: Float32Array[] = []
    for (const name of from) parts.push(await readOnce(name))
    return change ? change(parts) : parts[0]
  }
}
