import { DTYPE_BYTES } from './dtypes.js'
import { openForReading, readFully } from './files.js'
import type { TensorInfo } from './header.js'
import { isContiguous } from './strided.js'
import { tensorSource, type TensorSource } from './tensor-source.js'
import { readTorchArchive } from './torch-archive.js'
import { readTorchLegacy } from './torch-legacy.js'
import type { TorchTensor } from './torch-tensors.js'

/**
 * Opens a state_dict that `torch.save` wrote (`pytorch_model.bin`): a zip archive, or the format before torch 1.6. The
 * location of each tensor is read and checked; tensors are read on request, transposed views and shared storages as in
 * torch.
 *
 * The pickle inside is read with an allow-list: tensors, storages, data types, `OrderedDict` and plain containers.
 * Nothing else is looked up or called, so a file cannot run code. Python attributes of tensors and of the state_dict
 * are left out.
 *
 * @throws SkipwiseError `CHECKPOINT_NOT_FOUND`, `CHECKPOINT_TRUNCATED`, `CHECKPOINT_HEADER_INVALID`,
 * `CHECKPOINT_PICKLE_UNSAFE`, `CHECKPOINT_FORMAT_UNSUPPORTED` (TorchScript, big-endian, compressed, or not a
 * state_dict)
 */
export async function openTorchFile(file: string): Promise<TensorSource> {
  const { handle, bytes } = await openForReading(file)
  const readBytes = (target: Uint8Array, position: number) => readFully(handle, target, position, file)
  const read = async (position: number, length: number) => {
    const target = new Uint8Array(length)
    await readBytes(target, position)
    return target
  }
  try {
    const isArchive = Buffer.from(await read(0, Math.min(bytes, 4))).toString('latin1') === 'PK\x03\x04'
    const { tensors, startOf } = await (isArchive ? readTorchArchive : readTorchLegacy)(read, bytes, file)
    const located = new Map<string, TensorInfo>()
    for (const [name, tensor] of tensors) located.set(name, locate(tensor, await startOf(tensor.storage), file))
    return tensorSource(located, {}, readBytes, () => handle.close())
  } catch (error) {
    await handle.close()
    throw error
  }
}

function locate({ storage, dtype, offset, shape, strides }: TorchTensor, start: number, file: string): TensorInfo {
  const elementBytes = DTYPE_BYTES[dtype]
  const byteLength = shape.reduce((product, size) => product * size, elementBytes)
  const byteOffset = start + (storage.viewOffset + offset) * elementBytes
  return { dtype, shape, file, byteOffset, byteLength, ...(isContiguous(shape, strides) ? {} : { strides }) }
}
