import type { Checkpoint, ModelConfig, TensorInfo, WritableDtype } from '@skipwise/checkpoints'
import { SkipwiseError } from '@skipwise/core'
import type { ModelDefinition, ParameterSpec } from '@skipwise/nn'
import type { StoredWeight, Weight } from '@skipwise/runtime'
import { stored, type StorageError, type StorageOf } from './weight-types.js'

/** The weights of a model folder, under the names that the model gives them. */
export interface ModelWeights {
  /** Data type of the weights as they are kept. */
  readonly dtype: WritableDtype
  /**
   * A parameter, row-major float32.
   *
   * @throws SkipwiseError `MODEL_WEIGHT_NOT_FINITE`, and what reading throws
   */
  read(name: string): Promise<Float32Array>
  /**
   * A parameter, float32 or at rest. What a file has in 16 bits is read as it is.
   *
   * @param error notes what storing does to numbers that it changes
   * @throws as `read`
   */
  readAs(name: string, of: StorageOf, error: StorageError): Promise<Weight>
}

const DTYPES: Readonly<Record<string, WritableDtype>> = {
  F32: 'float32',
  BF16: 'bfloat16',
  F16: 'float16',
  F64: 'float32'
}

/** Types of files whose numbers are codes already. */
const HALVES: Readonly<Record<string, 'bfloat16' | 'float16'>> = { BF16: 'bfloat16', F16: 'float16' }

/**
 * The weights of an opened checkpoint, whose names, shapes and types are those of a model. A checkpoint that stores the
 * head alone of tied embeddings gives it for both, as transformers does.
 *
 * @throws SkipwiseError `MODEL_WEIGHT_SHAPE`, `MODEL_QUANTIZED`, `CHECKPOINT_TENSOR_MISSING`
 */
export function modelWeights(checkpoint: Checkpoint, model: ModelDefinition): ModelWeights {
  const { tied } = model
  const isHeadAlone = tied !== undefined && checkpoint.has(tied.head) && !checkpoint.has(tied.embedding)
  const storedName = (name: string) => (isHeadAlone && name === tied.embedding ? tied.head : name)
  for (const { name, shape } of model.parameters)
    checkTensor(checkpoint, checkpoint.info(storedName(name)), name, shape)
  checkOthers(checkpoint, model)
  const specs = new Map(model.parameters.map(parameter => [parameter.name, parameter]))
  const read = async (name: string) => {
    const tensor = await checkpoint.read(storedName(name))
    checkFinite(checkpoint, name, tensor)
    return tensor
  }
  return {
    dtype: DTYPES[checkpoint.info(storedName(model.parameters[0].name)).dtype] ?? 'float32',
    read,
    async readAs(name, of, error) {
      const { shape } = specs.get(name) as ParameterSpec
      const half = HALVES[checkpoint.info(storedName(name)).dtype]
      if (of({ name, shape }) !== 'bfloat16' || half === undefined)
        return stored(await read(name), { name, shape }, of, error)
      const { buffer } = await checkpoint.readRaw(storedName(name))
      const weight: StoredWeight = { storage: half, shape, codes: new Uint16Array(buffer) }
      checkFiniteCodes(checkpoint, name, weight)
      return weight
    }
  }
}

/**
 * Whether a checkpoint holds a head of its own though config.json ties it to the embedding: transformers ≥ 5 then uses
 * what is stored.
 *
 * @throws SkipwiseError what reading throws
 */
export async function hasOwnHead(checkpoint: Checkpoint, { tied }: Pick<ModelDefinition, 'tied'>): Promise<boolean> {
  if (tied === undefined || !checkpoint.has(tied.head) || !checkpoint.has(tied.embedding)) return false
  const head = checkpoint.info(tied.head)
  const embedding = checkpoint.info(tied.embedding)
  if (String(head.shape) !== String(embedding.shape)) return true
  if (head.file === embedding.file && head.byteOffset === embedding.byteOffset) return false
  const read = head.dtype === embedding.dtype ? checkpoint.readRaw : checkpoint.read
  const [one, other] = [await read(tied.head), await read(tied.embedding)]
  return Buffer.compare(bytesOf(one), bytesOf(other)) !== 0
}

const bytesOf = ({ buffer, byteOffset, byteLength }: ArrayBufferView): Uint8Array =>
  new Uint8Array(buffer, byteOffset, byteLength)

/** Keys under which the tools that quantize say so. */
const QUANTIZATION_KEYS = ['quantization_config', 'compression_config', 'quantization']

/** Tensors that stand next to quantized weights: bitsandbytes, GPTQ, AWQ, compressed-tensors, FP8, torchao. */
const QUANTIZATION_TENSOR =
  /(\.SCB|[._]scale(_inv)?|[._]scales|[._]zero_point|\.weight_packed|\.q(weight|zeros)|\.g_idx|\.absmax|\.(nested_)?quant_(map|state).*|\.weight_format)$/

/**
 * Refuses what config.json says is quantized: its numbers mean nothing without their scales.
 *
 * @throws SkipwiseError `MODEL_QUANTIZED`
 */
export function refuseQuantized(folder: string, config: ModelConfig): void {
  const key = QUANTIZATION_KEYS.find(name => typeof config[name] === 'object' && config[name] !== null)
  if (key !== undefined) throw quantized(`${folder}: config.json has ${key}`)
}

/**
 * Checks the number of layers against the tensors of the file, before anything is built of it.
 *
 * @throws SkipwiseError `MODEL_WEIGHT_SHAPE`
 */
export function checkLayers(checkpoint: Checkpoint, config: ModelConfig): void {
  for (const key of ['num_hidden_layers', 'n_layer', 'n_layers', 'num_layers']) {
    const layers = config[key]
    if (typeof layers !== 'number' || layers <= checkpoint.names.length) continue
    throw mismatch(
      `${checkpoint.folder}: config.json has ${key} ${layers}, and the weights have ${checkpoint.names.length} tensors`
    )
  }
}

function checkTensor({ folder }: Checkpoint, found: TensorInfo, name: string, shape: readonly number[]): void {
  if (DTYPES[found.dtype] === undefined) throw quantized(`${folder}: '${name}' is ${found.dtype}`)
  if (found.shape.length === shape.length && found.shape.every((size, i) => size === shape[i])) return
  throw mismatch(`${folder}: '${name}' is [${found.shape.join(', ')}], config.json makes it [${shape.join(', ')}]`)
}

/**
 * Checks the tensors that are not parameters of the model: what transformers leaves out is left out, but scales are
 * not.
 */
function checkOthers(checkpoint: Checkpoint, { parameters }: ModelDefinition): void {
  const known = new Set(parameters.map(({ name }) => name))
  const scale = checkpoint.names.find(name => QUANTIZATION_TENSOR.test(name) && !known.has(name))
  if (scale !== undefined) throw quantized(`${checkpoint.folder} has the tensor '${scale}'`)
}

/** A NaN among the weights makes every output NaN: it is reported once, here. */
function checkFinite({ folder }: Checkpoint, name: string, tensor: Float32Array): void {
  let sum = 0
  // 0 for every finite number, NaN for the others; a sum of them is several times faster than a test of each
  for (let i = 0; i < tensor.length; i++) sum += tensor[i] * 0
  if (sum === 0) return
  const at = tensor.findIndex(value => !Number.isFinite(value))
  throw notFinite(folder, name, at, tensor[at])
}

/** The same of codes in 16 bits: a number whose exponent is all ones is none. */
function checkFiniteCodes({ folder }: Checkpoint, name: string, { storage, codes }: StoredWeight): void {
  const exponent = storage === 'bfloat16' ? 0x7f80 : 0x7c00
  for (let i = 0; i < codes.length; i++)
    if ((codes[i] & exponent) === exponent) throw notFinite(folder, name, i, 'not a finite number')
}

const notFinite = (folder: string, name: string, at: number, value: number | string) =>
  new SkipwiseError('MODEL_WEIGHT_NOT_FINITE', {
    problem: `${folder}: element ${at} of '${name}' is ${value}`,
    fix: 'the training that made these weights diverged, or the file is damaged: use another checkpoint'
  })

const mismatch = (problem: string) =>
  new SkipwiseError('MODEL_WEIGHT_SHAPE', {
    problem,
    fix: 'config.json and the weights belong to different models: download them again together'
  })

const quantized = (problem: string) =>
  new SkipwiseError('MODEL_QUANTIZED', {
    problem: `${problem}: the weights are quantized`,
    fix: 'use the model as it was before, or save it again in bfloat16 (transformers: dequantize() and save_pretrained)'
  })
