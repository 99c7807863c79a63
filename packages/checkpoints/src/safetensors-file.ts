import { openForReading, readFully } from './files.js'
import { parseHeader, parseHeaderLength } from './header.js'
import { tensorSource, type TensorSource } from './tensor-source.js'

/**
 * Opens one safetensors file. Its header is read and checked; no tensor is.
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
 * @throws SkipwiseError `CHECKPOINT_NOT_FOUND`, `CHECKPOINT_TRUNCATED`, `CHECKPOINT_HEADER_INVALID`, `CHECKPOINT_DTYPE_UNSUPPORTED`
 */
export async function openSafetensors(file: string): Promise<TensorSource> {
  const { handle, bytes } = await openForReading(file)
  try {
    const prefix = new Uint8Array(Math.min(8, bytes))
    await readFully(handle, prefix, 0, file)
    const json = new Uint8Array(parseHeaderLength(prefix, bytes, file))
    await readFully(handle, json, 8, file)
    const { tensors, metadata } = parseHeader(json, bytes, file)
    const readBytes = (target: Uint8Array, position: number) => readFully(handle, target, position, file)
    return tensorSource(tensors, metadata, readBytes, () => handle.close())
  } catch (error) {
    await handle.close()
    throw error
  }
}
