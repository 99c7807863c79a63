import type { Tokenizer } from '@skipwise/core'
import { createHash } from 'node:crypto'
import { basename, dirname } from 'node:path'
import type { Tokenizer as NativeTokenizer } from 'tokenizers'
import { readJsonObject } from './read-json.js'

type EncodeAll = NonNullable<Tokenizer['encodeAll']>

/** Words, numbers, punctuation and white space of many kinds. */
const PROBE =
  "The quick brown fox isn't here. It's  12345 items,\n\nwe're done (almost) now\r\n\t" +
  'for x in range:\n    return x ** 2  # ok\n' +
  'of the in the of a to be or not to be NASA and HTTPServer ' +
  'caf\u00e9 na\u00efve \u65e5\u672c\u8a9e \u{1f600} end of text a b c d '

/**
 * Encodes texts by the Rust library, where its package `tokenizers` is installed: an optional peer of 64 MB, whose
 * binaries come inside it. It reads the file at the first call, and is used when it agrees with ours on a text of
 * many kinds of words.
 *
 * @param file a tokenizer.json that we read, and in which nothing takes more time or memory than in proportion to a
 * text
 * @param digest SHA-256 of it, in hexadecimal: a file that has changed since is not used
 * @param encode ours
 * @returns undefined where the package is not installed
 */
export async function encodeNatively(
  file: string,
  digest: string,
  encode: Tokenizer['encode']
): Promise<EncodeAll | undefined> {
  const { Tokenizer: Native } = await import('tokenizers').catch(() => ({ Tokenizer: undefined }))
  if (!Native) return undefined
  const ours: EncodeAll = texts => Promise.resolve(texts.map(encode))
  const open = async (): Promise<EncodeAll> => {
    const hash = createHash('sha256')
    const json = await readJsonObject(dirname(file), basename(file), hash)
    if (!json || hash.digest('hex') !== digest) return ours
    return openNative(Native, json, encode).catch(() => ours)
  }
  let opened: Promise<EncodeAll> | undefined
  return async texts => {
    opened ??= open().catch(() => ours)
    return (await opened)(texts)
  }
}

async function openNative(
  Native: typeof NativeTokenizer,
  json: Record<string, unknown>,
  encode: Tokenizer['encode']
): Promise<EncodeAll> {
  const native = Native.fromString(JSON.stringify(json))
  native.disableTruncation()
  native.disablePadding()
  const encodeAll: EncodeAll = async texts => {
    const encodings = await native.encodeBatch([...texts], { addSpecialTokens: false })
    return encodings.map(encoding => Int32Array.from(encoding.getIds()))
  }
  const [theirs] = await encodeAll([PROBE])
  const own = encode(PROBE)
  if (theirs.length !== own.length || !theirs.every((id, i) => id === own[i]))
    throw new Error('it reads this tokenizer.json otherwise')
  return encodeAll
}
