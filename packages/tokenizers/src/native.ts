import type { Tokenizer } from '@skipwise/core'
import { PROBE } from './cut.js'

/**
 * Encodes texts by the Rust library, where its package `tokenizers` is installed: an optional peer of 64 MB, whose binaries come inside it. It
 * is used when it agrees with ours on a text of many kinds of words.
 *
 * @param json a checked tokenizer.json
 * @param encode ours
 */
export async function openNative(json: Readonly<Record<string, unknown>>, encode: (text: string) => ArrayLike<number>): Promise<Tokenizer['encodeAll']> {
  try {
    const { Tokenizer } = await import('tokenizers'), native = Tokenizer.fromString(JSON.stringify(json))
    native.disableTruncation()
    native.disablePadding()
    const encodeAll = async (texts: readonly string[]) => (await native.encodeBatch([...texts], { addSpecialTokens: false })).map(encoding => Int32Array.from(encoding.getIds()))
    const [theirs] = await encodeAll([PROBE]), ours = encode(PROBE)
    return theirs.length === ours.length && theirs.every((id, i) => id === ours[i]) ? encodeAll : undefined
  } catch {
    // Not installed, not for this platform, or a tokenizer.json that only one of the two reads.
    return undefined
  }
}
