import { invalid } from '../read-json.js'

/** Unicode normalisation of a SentencePiece model. */
export interface CharacterMap {
  /**
   * The replacement, as UTF-8, of the longest known sequence in `bytes` at `start`, and the length of that sequence;
   * undefined when there is none.
   */
  longestMatch(
    bytes: Uint8Array,
    start: number
  ): { readonly replacement: Uint8Array; readonly length: number } | undefined
}

/**
 * Reads a `precompiled_charsmap`: the size of a double-array trie (uint32, little-endian), the trie (darts-clone:
 * uint32 units), then the replacements, each ended by a zero byte. The trie maps UTF-8 to the offset of its
 * replacement.
 *
 * @throws SkipwiseError `TOKENIZER_INVALID`
 */
export function readCharacterMap(bytes: Uint8Array, file: string): CharacterMap {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const trieBytes = bytes.length < 4 ? Infinity : view.getUint32(0, true)
  const replacements = bytes.subarray(4 + trieBytes)
  if (!(4 + trieBytes < bytes.length) || trieBytes % 4 !== 0 || trieBytes === 0 || replacements.at(-1) !== 0)
    throw invalid(file, 'its precompiled_charsmap is damaged')
  const units = trieBytes / 4
  const unitAt = (index: number): number => {
    if (index >= units) throw invalid(file, 'its precompiled_charsmap points outside its trie')
    return view.getUint32(4 + 4 * index, true)
  }
  const replacementAt = (start: number): Uint8Array => {
    if (start >= replacements.length) throw invalid(file, 'its precompiled_charsmap refers to a missing replacement')
    return replacements.subarray(start, replacements.indexOf(0, start))
  }
  return {
    longestMatch(text, start) {
      let found: { replacement: Uint8Array; length: number } | undefined
      let node = offsetOf(unitAt(0))
      for (let end = start; end < text.length; end++) {
        node ^= text[end]
        const unit = unitAt(node)
        if (labelOf(unit) !== text[end]) break
        node ^= offsetOf(unit)
        if (hasLeaf(unit)) found = { replacement: replacementAt(unitAt(node) & 0x7fffffff), length: end + 1 - start }
      }
      return found
    }
  }
}

// The bits of a unit of darts-clone's DoubleArrayUnit.
const hasLeaf = (unit: number) => ((unit >>> 8) & 1) === 1
const labelOf = (unit: number) => (unit & 0x800000ff) >>> 0
const offsetOf = (unit: number) => (unit >>> 10) << ((unit & 0x200) >>> 6)
