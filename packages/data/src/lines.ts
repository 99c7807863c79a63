import { SkipwiseError } from '@skipwise/core'
import { createReadStream } from 'node:fs'
import { pipeline } from 'node:stream'
import { createGunzip } from 'node:zlib'
import { unpackZstd } from './zstd.js'

/** Characters of a line or of a text file: below the longest string of the engine (2²⁹ − 24). */
const MAX_CHARACTERS = 0x10000000

/** `DATA_FILE_INVALID`, saying what is wrong with which file. */
export const invalidFile = (file: string, problem: string, fix: string, cause?: unknown) =>
  new SkipwiseError('DATA_FILE_INVALID', { problem: `${file} ${problem}`, fix, cause })

/**
 * The text of a file, unpacked when its name ends in `.gz` or `.zst`, in pieces. It must be UTF-8; a byte order mark at its beginning is left out.
 *
 * @param onBytes told how many bytes of the file have been read since the last call
 * @throws SkipwiseError `DATA_FILE_INVALID`
 */
async function* readText(file: string, onBytes: (bytes: number) => void): AsyncGenerator<string> {
  const decoder = new TextDecoder('utf-8', { fatal: true })
  const raw = createReadStream(file, { highWaterMark: 1 << 20 })
  // Errors reach the loop below through the last stream; the callback only has to exist.
  const stream: AsyncIterable<Uint8Array> = file.endsWith('.gz') ? pipeline(raw, createGunzip(), () => undefined) : file.endsWith('.zst') ? unpackZstd(raw) : raw
  let counted = 0
  try {
    for await (const chunk of stream) {
      onBytes(raw.bytesRead - counted)
      counted = raw.bytesRead
      yield decoder.decode(chunk, { stream: true })
    }
    yield decoder.decode()
  } catch (cause) {
    const { code, message } = cause as NodeJS.ErrnoException
    if (code === 'ERR_ENCODING_INVALID_ENCODED_DATA') throw invalidFile(file, 'is not UTF-8 text', 'convert it to UTF-8, or leave it out of the patterns', cause)
    // Errors of fzstd have numbers for codes, ours of zstd none.
    if (typeof code !== 'string' || code.startsWith('Z_')) throw invalidFile(file, `is damaged (${message})`, 'get the file again', cause)
    throw invalidFile(file, `cannot be read (${code ?? message})`, 'check the file and its permissions', cause)
  }
}

/** The whole text of a file. @throws SkipwiseError `DATA_FILE_INVALID` */
export async function readWholeText(file: string, onBytes: (bytes: number) => void): Promise<string> {
  const pieces: string[] = []
  let characters = 0
  for await (const piece of readText(file, onBytes)) {
    characters += piece.length
    if (characters > MAX_CHARACTERS) throw invalidFile(file, `has more than ${MAX_CHARACTERS} characters in one document`, 'split it, or use JSONL with one document a line')
    pieces.push(piece)
  }
  return pieces.join('')
}

/** The lines of a file with their numbers from 1, without line ends. @throws SkipwiseError `DATA_FILE_INVALID` */
export async function* readLines(file: string, onBytes: (bytes: number) => void): AsyncGenerator<readonly [line: string, number: number]> {
  let parts: string[] = [], characters = 0, number = 1
  for await (const piece of readText(file, onBytes)) {
    const lines = piece.split('\n')
    for (const [i, line] of lines.entries()) {
      characters += line.length
      if (characters > MAX_CHARACTERS) throw invalidFile(`${file}:${number}`, `has more than ${MAX_CHARACTERS} characters in one line`, 'split the document')
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
