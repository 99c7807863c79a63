import { openForReading, readFully } from '@skipwise/checkpoints'
import { nearestName, SkipwiseError } from '@skipwise/core'
import { dequantize } from './quantize.js'
import { readHeader, type GgufHeader } from './read-header.js'

/** An open GGUF file. */
export interface GgufFile extends GgufHeader {
  readonly file: string
  /**
   * The numbers of a tensor, row-major float32, as many as its shape has. Read are F32, F16, BF16 and Q8_0.
   *
   * @throws SkipwiseError `GGUF_TENSOR` for a name that the file does not have, and for other types
   */
  read(name: string): Promise<Float32Array>
  /** Closes the file; reading afterwards fails. */
  close(): Promise<void>
}

/**
 * Opens a GGUF file. Its header is read and checked; nothing in it is trusted, and tensors are read on request.
 *
 * @throws SkipwiseError `GGUF_INVALID`, `GGUF_TRUNCATED`, `CHECKPOINT_NOT_FOUND`
 *
 * @example
 * ```ts
 * const read = async () => Float32Array.of(1, 2)
 * const norm = { name: 'output_norm.weight', shape: [2], type: 'F32', read } as const
 * await writeGguf('norm.gguf', new Map([['general.architecture', text('llama')]]), [norm])
 * const gguf = await openGguf('norm.gguf')
 * console.log(textAt(gguf.metadata, 'general.architecture'), gguf.tensors.size)
 * await gguf.close()
 * ```
 */
export async function openGguf(file: string): Promise<GgufFile> {
  const { handle, bytes } = await openForReading(file)
  try {
    const header = await readHeader(handle, bytes, file)
    return {
      ...header,
      file,
      async read(name) {
        const info = header.tensors.get(name) ?? missing(file, name, [...header.tensors.keys()])
        const raw = new Uint8Array(info.byteLength)
        await readFully(handle, raw, info.byteOffset, file)
        const values = dequantize(raw, info.type)
        if (values) return values
        throw new SkipwiseError('GGUF_TENSOR', {
          problem: `${file}: tensor '${name}' is ${info.type}, which is not read as numbers`,
          fix: 'use a file in F32, F16, BF16 or Q8_0'
        })
      },
      close: () => handle.close()
    }
  } catch (error) {
    await handle.close()
    throw error
  }
}

function missing(file: string, name: string, names: readonly string[]): never {
  const nearest = nearestName(name, names)
  throw new SkipwiseError('GGUF_TENSOR', {
    problem: `${file} has no tensor '${name}'${nearest === undefined ? '' : `; the nearest is '${nearest}'`}`,
    fix: 'list its tensors with `tensors`'
  })
}
