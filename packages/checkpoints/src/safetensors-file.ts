import { openForReading, readFully } from './files.js'
import { readHeader } from './header.js'
import { tensorSource, type TensorSource } from './tensor-source.js'

/**
 * Opens one safetensors file. Its header is read and checked; tensors are not read yet.
 *
 * @example
 * ```ts
 * const file = await openSafetensors('adapter.safetensors')
 * try {
 *   for (const name of file.names) console.log(name, file.info(name).shape, (await file.read(name))[0])
 * } finally {
 *   await file.close()
 * }
 * ```
 *
 * @throws SkipwiseError `CHECKPOINT_NOT_FOUND`, `CHECKPOINT_TRUNCATED`, `CHECKPOINT_HEADER_INVALID`,
 * `CHECKPOINT_DTYPE_UNSUPPORTED`
 */
export async function openSafetensors(file: string): Promise<TensorSource> {
  const { handle, bytes } = await openForReading(file)
  try {
    const { tensors, metadata } = await readHeader(handle, bytes, file)
    const readBytes = (target: Uint8Array, position: number) => readFully(handle, target, position, file)
    return tensorSource(tensors, metadata, readBytes, () => handle.close())
  } catch (error) {
    await handle.close()
    throw error
  }
}
