import type { GgufTensor, WriteGgufOptions } from './write-gguf.js'
import { writeGguf } from './write-gguf.js'
import { text, uint32, type Metadata, type MetadataValue } from './metadata.js'
import { tensorReader, type ModelPlan, type PlannedTensor } from './models/plan.js'
import type { TokenizerKeys } from './tokenizer/tokenizer-keys.js'
import { writableType, type WritableType } from './tensor-types.js'

/** `general.file_type` (`llama_ftype` of llama.h). */
const FILE_TYPES: Readonly<Record<WritableType, number>> = { F32: 0, F16: 1, Q8_0: 7, BF16: 32 }

/** What is written, besides the plan. */
export interface ModelToWrite extends WriteGgufOptions {
  readonly plan: ModelPlan
  readonly tokenizer: Pick<TokenizerKeys, 'entries'>
  /** Type of the matrices; norms, biases and tables are F32. */
  readonly type: WritableType
  /** `general.name`; left out where llama.cpp would take it for that of a model with other tokens. */
  readonly name: string
  /** A parameter by name, row-major float32; called when its tensor is written. */
  readonly read: (name: string) => Promise<Float32Array>
}

/** What was written. */
export interface WrittenModel {
  /** Size of the file. */
  readonly bytes: number
  readonly tensors: number
  /** Matrices that are F16 because their rows are not whole blocks of Q8_0. */
  readonly inFloat16: readonly string[]
}

/**
 * Writes a model for llama.cpp, tensor by tensor; see {@link writeGguf}. Matrices whose rows are not a multiple of 32
 * stay in F16 in a file of Q8_0, as llama.cpp's own converter leaves them.
 *
 * @throws SkipwiseError as {@link writeGguf}
 */
export async function writeGgufModel(
  file: string,
  { plan, tokenizer, type, name, read, ...options }: ModelToWrite
): Promise<WrittenModel> {
  const { architecture } = plan
  const metadata: Metadata = new Map<string, MetadataValue>([
    ['general.architecture', text(architecture)],
    ['general.type', text('model')],
    ...(endsLlamaCpp(name, tokenizer) ? [] : [['general.name', text(name)] as const]),
    ['general.file_type', uint32(FILE_TYPES[type])],
    ['general.quantization_version', uint32(2)],
    ...plan.metadata,
    ...tokenizer.entries
  ])
  const make = tensorReader(read)
  const tensors = plan.tensors.map((tensor): GgufTensor => ({
    name: tensor.name,
    shape: tensor.shape,
    type: typeOf(tensor, type),
    read: () => make(tensor)
  }))
  const bytes = await writeGguf(file, metadata, tensors, options)
  const inFloat16 = tensors.filter(tensor => type === 'Q8_0' && tensor.type === 'F16').map(tensor => tensor.name)
  return { bytes, tensors: tensors.length, inFloat16 }
}

/** Tokens that llama.cpp looks up, and ends on without them, in a model that is called Phi-3. */
const TOKENS_OF_PHI_3 = ['</s>', '<unk>', '<s>', '<|endoftext|>']

/** Whether llama.cpp would not load a vocabulary because of the name of the model. */
function endsLlamaCpp(name: string, { entries }: ModelToWrite['tokenizer']): boolean {
  if (!/phi-?3/i.test(name)) return false
  const tokens = entries.find(([key]) => key === 'tokenizer.ggml.tokens')?.[1]
  const known = new Set(tokens?.type === 'array' ? tokens.values() : [])
  return !TOKENS_OF_PHI_3.every(token => known.has(token))
}

function typeOf({ keepsFloat32, shape }: PlannedTensor, type: WritableType): WritableType {
  if (keepsFloat32) return 'F32'
  return (shape.at(-1) ?? 1) % writableType(type).block === 0 ? type : 'F16'
}
