import { SkipwiseError } from '@skipwise/core'
import { createReadStream } from 'node:fs'
import { pipeline } from 'node:stream'
import { createGunzip } from 'node:zlib'
import { packingOf } from './file-names.js'
import { readSmall } from './small-files.js'
import { unpackZstd } from './zstd.js'

/** Characters of a line or of a text file: below the longest string of the engine (2²⁹ − 24). */
export const MAX_CHARACTERS = 0x10000000

/** `DATA_FILE_INVALID`, saying what is wrong with which file. */
export const invalidFile = (file: string, problem: string, fix: string, cause?: unknown) =>
  new SkipwiseError('DATA_FILE_INVALID', { problem: `${file} ${problem}`, fix, cause })

/** `DATA_FILE_INVALID` for a file that the system does not give. */
export const unreadable = (file: string, cause: unknown) =>
  invalidFile(
    file,
    `cannot be read (${cause instanceof Error && 'code' in cause ? String(cause.code) : String(cause)})`,
    'check the file and its permissions',
    cause
  )

/**
 * The text of a file, unpacked when its name ends in `.gz` or `.zst`, in pieces of at most some megabytes. It must be
 * UTF-8; a byte order mark at its beginning is left out.
 *
 * @param onBytes told how many bytes of the file have been read since the last call
 * @throws SkipwiseError `DATA_FILE_INVALID`
 */
export async function* readText(file: string, onBytes: (bytes: number) => void): AsyncGenerator<string> {
  const decoder = new TextDecoder('utf-8', { fatal: true })
  let begun = false
  try {
    for await (const chunk of unpacked(file, onBytes)) {
      if (!begun) refuseUtf16(file, chunk)
      begun ||= chunk.length > 0
      yield decoder.decode(chunk, { stream: true })
    }
    yield decoder.decode()
  } catch (cause) {
    if (cause instanceof SkipwiseError) throw cause
    const { code, message } = cause as NodeJS.ErrnoException
    if (code === 'ERR_ENCODING_INVALID_ENCODED_DATA')
      throw invalidFile(file, 'is not UTF-8 text', 'convert it to UTF-8, or exclude it from the patterns', cause)
    // Errors of fzstd have numbers for codes, ours of zstd none.
    if (typeof code !== 'string' || code.startsWith('Z_'))
      throw invalidFile(file, `is damaged (${message})`, 'download the file again', cause)
    throw unreadable(file, cause)
  }
}

/** The bytes of a file, unpacked. */
async function* unpacked(file: string, onBytes: (bytes: number) => void): AsyncGenerator<Uint8Array> {
  const packing = packingOf(file)
  const small = packing === undefined ? readSmall(file) : undefined
  if (small) {
    onBytes(small.length)
    yield small
    return
  }
  const raw = createReadStream(file)
  // Errors reach the loop below through the last stream; the callback only has to exist.
  const stream: AsyncIterable<Uint8Array> =
    packing === 'gz' ? pipeline(raw, createGunzip(), () => undefined) : packing === 'zst' ? unpackZstd(raw) : raw
  let counted = 0
  for await (const chunk of stream) {
    onBytes(raw.bytesRead - counted)
    counted = raw.bytesRead
    yield chunk
  }
}

/**
 * A byte order mark of UTF-16 or UTF-32, or every other byte zero: such bytes can be valid UTF-8. @throws SkipwiseError
 * `DATA_FILE_INVALID`
 */
function refuseUtf16(file: string, bytes: Uint8Array): void {
  const [a, b, c, d] = bytes
  const marked = (a === 0xff && b === 0xfe) || (a === 0xfe && b === 0xff)
  const zeros = bytes.length >= 4 && (a === 0) !== (b === 0) && (a === 0) === (c === 0) && (b === 0) === (d === 0)
  if (marked || zeros)
    throw invalidFile(
      file,
      'is UTF-16 text',
      'convert it to UTF-8 (iconv -f utf-16 -t utf-8), or exclude it from the patterns'
    )
}

/**
 * The whole text of a file.
 *
 * @param onBegin told how the text begins, once; what it throws ends the reading
 * @throws SkipwiseError `DATA_FILE_INVALID`
 */
export async function readWholeText(
  file: string,
  onBytes: (bytes: number) => void,
  onBegin: (begin: string) => void = () => undefined
): Promise<string> {
  const pieces: string[] = []
  let characters = 0
  for await (const piece of readText(file, onBytes)) {
    if (characters === 0 && piece !== '') onBegin(piece)
    characters += piece.length
    if (characters > MAX_CHARACTERS)
      throw invalidFile(
        file,
        `has more than ${MAX_CHARACTERS} characters in one document`,
        'split it, or use JSONL with one document per line'
      )
    pieces.push(piece)
  }
  return pieces.join('')
}

/** The lines of a file with their numbers from 1, without line ends. @throws SkipwiseError `DATA_FILE_INVALID` */
export async function* readLines(
  file: string,
  onBytes: (bytes: number) => void
): AsyncGenerator<readonly [line: string, number: number]> {
  let parts: string[] = []
  let characters = 0
  let number = 1
  for await (const piece of readText(file, onBytes)) {
    const lines = piece.split('\n')
    for (const [i, line] of lines.entries()) {
      characters += line.length
      if (characters > MAX_CHARACTERS)
        throw invalidFile(
          `${file}:${number}`,
          `has more than ${MAX_CHARACTERS} characters in one line`,
          'split the document'
        )
      parts.push(line)
      if (i < lines.length - 1) {
        yield [parts.join(''), number++]
        parts = []
        characters = 0
      }
    }
  }
  yield [parts.join(''), number]
}
