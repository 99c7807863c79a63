import { removeOwnFile } from '@skipwise/checkpoints'
import { SkipwiseError } from '@skipwise/core'
import { createHash, randomBytes } from 'node:crypto'
import { mkdir, open, rename, type FileHandle } from 'node:fs/promises'
import { dirname } from 'node:path'
import { bytesOf, digestOfCorpus, type CorpusData } from './corpus.js'

/*
 * A cache file: length of the header (u64, little-endian), header (JSON, padded with spaces to a multiple of 8), ends
 * (float64 each), ids (int32 each), and where not all are learned a byte for each: 1 for one that is, else 0.
 */
interface CacheHeader {
  readonly key: string
  readonly digest: string
  readonly tokens: number
  readonly tooShort: number
  readonly sources: readonly string[]
  /** Whether the file says which ids are learned. */
  readonly learned: boolean
  /** sha256 of the other fields. */
  readonly check: string
}

const checkOf = ({ key, digest, tokens, tooShort, sources, learned }: Omit<CacheHeader, 'check'>) =>
  createHash('sha256')
    .update(JSON.stringify([key, digest, tokens, tooShort, sources, learned]))
    .digest('hex')

/** No single read asks for more: the system call takes at most 2 GiB. */
const MAX_CALL_BYTES = 0x40000000

/**
 * The data kept in a cache file, with its digest; undefined when there is none or it is not exactly what was written.
 */
export async function readCache(
  file: string,
  key: string
): Promise<{ readonly data: CorpusData; readonly digest: string } | undefined> {
  let handle: FileHandle | undefined
  try {
    handle = await open(file)
    const fileBytes = (await handle.stat()).size
    const prefix = new Uint8Array(8)
    await fill(handle, prefix, 0)
    const headerBytes = Number(new DataView(prefix.buffer).getBigUint64(0, true))
    if (8 + headerBytes > fileBytes) return undefined
    const json = new Uint8Array(headerBytes)
    await fill(handle, json, 8)
    const header = JSON.parse(new TextDecoder().decode(json)) as CacheHeader
    if (header.key !== key || header.check !== checkOf(header)) return undefined
    const tokenBytes = header.learned ? 5 : 4
    if (8 + headerBytes + 8 * header.sources.length + tokenBytes * header.tokens !== fileBytes) return undefined
    const ends = new Float64Array(header.sources.length)
    const ids = new Int32Array(header.tokens)
    const learned = header.learned ? new Uint8Array(header.tokens) : undefined
    let at = 8 + headerBytes
    for (const part of learned ? [ends, ids, learned] : [ends, ids]) {
      await fill(handle, bytesOf(part), at)
      at += part.byteLength
    }
    if (learned?.some(flag => flag > 1)) return undefined
    const data = { ids, learned, ends, sources: header.sources, tooShort: header.tooShort }
    return digestOfCorpus(data) === header.digest ? { data, digest: header.digest } : undefined
  } catch {
    // Missing, unreadable or damaged: the corpus is made again and the file replaced.
    return undefined
  } finally {
    await handle?.close()
  }
}

async function fill(handle: FileHandle, target: Uint8Array, position: number): Promise<void> {
  for (let done = 0; done < target.length;) {
    const { bytesRead } = await handle.read(
      target,
      done,
      Math.min(target.length - done, MAX_CALL_BYTES),
      position + done
    )
    if (bytesRead === 0) throw new Error('the file ends too early')
    done += bytesRead
  }
}

/**
 * Writes a cache file, as a whole or not at all.
 *
 * @returns the digest of the data
 * @throws SkipwiseError `DATA_CACHE_WRITE_FAILED`
 */
export async function writeCache(file: string, key: string, data: CorpusData): Promise<string> {
  const digest = digestOfCorpus(data)
  const { ids, learned, ends, sources, tooShort } = data
  const header = { key, digest, tokens: ids.length, tooShort, sources, learned: learned !== undefined }
  const json = new TextEncoder().encode(JSON.stringify({ ...header, check: checkOf(header) } satisfies CacheHeader))
  const head = new Uint8Array(8 + Math.ceil(json.length / 8) * 8).fill(0x20)
  new DataView(head.buffer).setBigUint64(0, BigInt(head.length - 8), true)
  head.set(json, 8)
  const temporary = `${file}.${process.pid}.${randomBytes(4).toString('hex')}.tmp`
  try {
    await mkdir(dirname(file), { recursive: true })
    const handle = await open(temporary, 'wx')
    try {
      for (const part of [head, bytesOf(ends), bytesOf(ids), ...(learned ? [learned] : [])]) {
        for (let done = 0; done < part.length;)
          done += (await handle.write(part, done, Math.min(part.length - done, MAX_CALL_BYTES))).bytesWritten
      }
      await handle.sync()
    } finally {
      await handle.close()
    }
    await rename(temporary, file)
  } catch (cause) {
    await removeOwnFile(temporary).catch(() => undefined)
    throw new SkipwiseError('DATA_CACHE_WRITE_FAILED', {
      problem: `cannot write the token cache ${file} (${(cause as NodeJS.ErrnoException).code ?? (cause as Error).message})`,
      fix: 'free disk space, choose another cache folder, or use none',
      cause
    })
  }
  return digest
}
