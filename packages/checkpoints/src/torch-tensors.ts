import { SkipwiseError } from '@skipwise/core'
import { DTYPE_BYTES } from './dtypes.js'
import { damaged, type Allowed, type PickleRules } from './pickle.js'

/** A storage as a torch pickle names it: elements of one type under a key. */
export interface TorchStorage {
  readonly key: string
  /** As safetensors names data types; `U8` for one that is untyped. */
  readonly dtype: string
  /** Elements of the whole storage. */
  readonly elements: number
  /** Element at which a view of it begins (old torch); otherwise 0. */
  readonly viewOffset: number
}

/**
 * A tensor as a torch pickle describes it, checked: every element is in its storage. Offset and strides count elements
 * of `dtype`.
 */
export interface TorchTensor {
  readonly storage: TorchStorage
  readonly dtype: string
  readonly offset: number
  readonly shape: readonly number[]
  readonly strides: readonly number[]
}

class DescribedTensor implements TorchTensor {
  constructor(
    readonly storage: TorchStorage,
    readonly dtype: string,
    readonly offset: number,
    readonly shape: readonly number[],
    readonly strides: readonly number[]
  ) {}
}

/** The name of a data type or of a storage class. */
class Dtype {
  constructor(readonly name: string) {}
}

class TensorClass {}

/** torch's limit on dimensions. */
const MAX_DIMENSIONS = 64

/** Storage classes and data types of torch, by the names of safetensors. */
const STORAGES: Readonly<Record<string, string>> = {
  FloatStorage: 'F32',
  HalfStorage: 'F16',
  BFloat16Storage: 'BF16',
  DoubleStorage: 'F64',
  CharStorage: 'I8',
  ByteStorage: 'U8',
  ShortStorage: 'I16',
  IntStorage: 'I32',
  LongStorage: 'I64',
  BoolStorage: 'BOOL',
  ComplexFloatStorage: 'C64'
}
const DTYPES: Readonly<Record<string, string>> = {
  float32: 'F32',
  float16: 'F16',
  bfloat16: 'BF16',
  float64: 'F64',
  int8: 'I8',
  uint8: 'U8',
  int16: 'I16',
  int32: 'I32',
  int64: 'I64',
  bool: 'BOOL',
  uint16: 'U16',
  uint32: 'U32',
  uint64: 'U64',
  complex64: 'C64',
  float8_e4m3fn: 'F8_E4M3',
  float8_e5m2: 'F8_E5M2',
  float8_e8m0fnu: 'F8_E8M0'
}

const natural = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0
const naturals = (value: unknown): value is readonly number[] =>
  Array.isArray(value) && value.length <= MAX_DIMENSIONS && value.every(natural)

/**
 * The allow-list of a torch checkpoint: functions that rebuild tensors, storages, data types, `OrderedDict`. They only
 * describe where a tensor is (`torch/_utils.py`); nothing is read or allocated. The storages that a pickle names are
 * collected by key.
 */
export function torchRules(file: string): PickleRules & { readonly storages: ReadonlyMap<string, TorchStorage> } {
  const storages = new Map<string, TorchStorage>()
  const persistent = (id: unknown): TorchStorage => {
    const storage = storageOf(id, file)
    const same = storages.get(storage.key) ?? storage
    if (same.dtype !== storage.dtype || same.elements !== storage.elements)
      throw damaged(file, `it describes its storage '${storage.key}' in two ways`)
    storages.set(storage.key, storage)
    return storage
  }
  const tensor = (dtype: unknown, storage: unknown, offset: unknown, shape: unknown, strides: unknown): TorchTensor => {
    if (
      !isStorage(storage) ||
      !(dtype instanceof Dtype) ||
      !natural(offset) ||
      !naturals(shape) ||
      !naturals(strides) ||
      shape.length !== strides.length
    ) {
      throw damaged(file, 'a tensor is described by something other than a storage, an offset, sizes and strides')
    }
    checkBounds(storage, dtype.name, offset, shape, strides, file)
    return new DescribedTensor(storage, dtype.name, offset, shape, strides)
  }
  const typed = ([storage, offset, shape, strides]: readonly unknown[]) =>
    tensor(new Dtype(isStorage(storage) ? storage.dtype : ''), storage, offset, shape, strides)
  const untyped = ([storage, offset, shape, strides, , , dtype]: readonly unknown[]) =>
    tensor(dtype, storage, offset, shape, strides)
  const parameter = ([data]: readonly unknown[]) => {
    if (!(data instanceof DescribedTensor))
      throw damaged(file, 'a parameter is built from something that is not a tensor')
    return data
  }
  // A tensor with Python attributes: they are left out.
  const fromType = ([rebuild, type, args]: readonly unknown[]) => {
    const known = rebuild === typed || rebuild === untyped || rebuild === parameter
    if (!known || !(type instanceof TensorClass) || !Array.isArray(args))
      throw damaged(file, 'a tensor has an unknown class')
    return (rebuild as typeof typed)(args)
  }
  const orderedDict = ([items]: readonly unknown[]) => {
    if (
      items !== undefined &&
      !(Array.isArray(items) && items.length <= 1024 && items.every(item => Array.isArray(item) && item.length === 2))
    ) {
      throw damaged(file, 'an OrderedDict is built from something other than pairs')
    }
    return new Map(items as readonly (readonly [unknown, unknown])[] | undefined)
  }
  const globals = new Map<string, Allowed>([
    ['collections OrderedDict', orderedDict],
    ['torch._utils _rebuild_tensor', typed],
    ['torch._utils _rebuild_tensor_v2', typed],
    ['torch._utils _rebuild_tensor_v3', untyped],
    ['torch._utils _rebuild_parameter', parameter],
    ['torch._utils _rebuild_parameter_with_state', parameter],
    ['torch._tensor _rebuild_from_type_v2', fromType],
    ['torch Size', ([sizes]: readonly unknown[]) => sizes]
  ])
  for (const name of ['torch Tensor', 'torch._tensor Tensor', 'torch.nn.parameter Parameter'])
    globals.set(name, new TensorClass())
  for (const [name, dtype] of Object.entries(STORAGES)) globals.set(`torch ${name}`, new Dtype(dtype))
  for (const [name, dtype] of Object.entries(DTYPES)) globals.set(`torch ${name}`, new Dtype(dtype))
  for (const module of ['torch', 'torch.storage']) globals.set(`${module} UntypedStorage`, new Dtype('U8'))
  return { globals, persistent, storages }
}

/**
 * The tensors of an unpickled state_dict, by name.
 *
 * @throws SkipwiseError `CHECKPOINT_FORMAT_UNSUPPORTED` for anything else
 */
export function stateDict(value: unknown, file: string): ReadonlyMap<string, TorchTensor> {
  const unsupported = (problem: string) =>
    new SkipwiseError('CHECKPOINT_FORMAT_UNSUPPORTED', {
      problem: `${file} ${problem}`,
      fix: 'save the state_dict alone: torch.save(model.state_dict(), file)'
    })
  if (!(value instanceof Map)) throw unsupported('does not contain a state_dict')
  const tensors = new Map<string, TorchTensor>()
  for (const [name, tensor] of value as ReadonlyMap<unknown, unknown>) {
    if (typeof name !== 'string') throw unsupported('has a key that is not the name of a tensor')
    if (!(tensor instanceof DescribedTensor))
      throw unsupported(`contains something other than a tensor under '${name.slice(0, 200)}'`)
    tensors.set(name, tensor)
  }
  return tensors
}

class DescribedStorage implements TorchStorage {
  constructor(
    readonly key: string,
    readonly dtype: string,
    readonly elements: number,
    readonly viewOffset: number
  ) {}
}

const isStorage = (value: unknown): value is TorchStorage => value instanceof DescribedStorage

/** `('storage', class, key, location, elements)`, in old files with `(view key, offset, size)` or None after it. */
function storageOf(id: unknown, file: string): TorchStorage {
  if (Array.isArray(id)) {
    const [kind, type, key, , elements, view] = id as unknown[]
    const [, viewOffset, viewElements] = Array.isArray(view) ? (view as unknown[]) : [undefined, 0, 0]
    const fits =
      natural(elements) && natural(viewOffset) && natural(viewElements) && viewOffset + viewElements <= elements
    if (kind === 'storage' && type instanceof Dtype && typeof key === 'string' && fits)
      return new DescribedStorage(key, type.name, elements, viewOffset)
  }
  throw damaged(file, 'a persistent id does not describe a storage')
}

/**
 * Checks that every element is in the storage, and that there are not more elements than in the storage: a view that
 * repeats elements would only ask for memory.
 */
function checkBounds(
  storage: TorchStorage,
  dtype: string,
  offset: number,
  shape: readonly number[],
  strides: readonly number[],
  file: string
): void {
  const available =
    Math.floor((storage.elements * DTYPE_BYTES[storage.dtype]) / DTYPE_BYTES[dtype]) - storage.viewOffset
  const elements = shape.reduce((product, size) => product * size, 1)
  const last = shape.reduce((sum, size, i) => sum + (size - 1) * strides[i], offset)
  if (!Number.isSafeInteger(8 * elements)) throw damaged(file, `a tensor has the shape [${shape.join(', ')}]`)
  if (elements > 0 && !(last < available))
    throw damaged(file, `a tensor [${shape.join(', ')}] extends beyond its storage of ${available} elements`)
  if (elements > available) {
    throw new SkipwiseError('CHECKPOINT_FORMAT_UNSUPPORTED', {
      problem: `${file}: a tensor [${shape.join(', ')}] repeats the ${available} elements of its storage (a tensor that was expanded)`,
      fix: 'save the state_dict with contiguous tensors (tensor.contiguous())'
    })
  }
}
