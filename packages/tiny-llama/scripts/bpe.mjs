// Byte-level byte-pair encoding (Sennrich et al. 2016; bytes as characters as in GPT-2), trained deterministically.

/**
 * How a text is cut before merging: GPT-2's rule, with every digit alone. The space before a digit stands alone too, so
 * that a digit has one token wherever it stands, and copying a number is copying tokens.
 */
export const PRE_TOKENIZER = "'(?:[sdmt]|ll|ve|re)| ?\\p{L}+|\\p{N}| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|\\s+"

/** GPT-2's printable character for every byte: printable Latin-1 as itself, the others from U+0100 on. */
export const byteCharacters = (() => {
  const printable = byte => (byte >= 33 && byte <= 126) || (byte >= 161 && byte <= 172) || byte >= 174
  let next = 256
  return Array.from({ length: 256 }, (_, byte) => String.fromCharCode(printable(byte) ? byte : next++))
})()

const encoder = new TextEncoder()
/** @param {string} text */
export const toByteCharacters = text => Array.from(encoder.encode(text), byte => byteCharacters[byte]).join('')

/**
 * Learns merges: the most frequent pair of neighbours becomes a token, until there are enough; of equally frequent
 * pairs, the one whose tokens are older.
 *
 * @param {Iterable<readonly [text: string, weight: number]>} texts how often each text counts
 * @param {number} count merges to learn
 * @returns {{ tokens: string[], merges: [string, string][] }} tokens: the 256 bytes, then one for each merge
 */
export function learnMerges(texts, count) {
  const cut = new RegExp(PRE_TOKENIZER, 'gu')
  const frequencies = new Map()
  for (const [text, weight] of texts)
    for (const [piece] of text.matchAll(cut)) frequencies.set(piece, (frequencies.get(piece) ?? 0) + weight)
  const words = [...frequencies].map(([piece, frequency]) => ({ ids: [...encoder.encode(piece)], frequency }))

  // pair = left · 65,536 + right; where it occurs: words that have had it, to be looked at again
  const pairCount = new Map()
  const pairWords = new Map()
  const add = (word, pair, amount) => {
    pairCount.set(pair, (pairCount.get(pair) ?? 0) + amount)
    if (amount > 0) pairWords.set(pair, (pairWords.get(pair) ?? new Set()).add(word))
  }
  const countPairs = (word, sign) => {
    for (let i = 1; i < word.ids.length; i++) add(word, word.ids[i - 1] * 65_536 + word.ids[i], sign * word.frequency)
  }
  for (const word of words) countPairs(word, 1)

  const tokens = [...byteCharacters]
  const merges = []
  while (merges.length < count) {
    let best = -1
    let most = 0
    for (const [pair, amount] of pairCount)
      if (amount > most || (amount === most && pair < best)) [best, most] = [pair, amount]
    if (most <= 1) throw new Error(`the texts have pairs for ${merges.length} merges, not ${count}`)
    const left = Math.floor(best / 65_536)
    const right = best % 65_536
    const merged = tokens.length
    tokens.push(tokens[left] + tokens[right])
    merges.push([tokens[left], tokens[right]])
    for (const word of pairWords.get(best)) {
      countPairs(word, -1)
      word.ids = mergePair(word.ids, left, right, merged)
      countPairs(word, 1)
    }
    pairCount.delete(best)
    pairWords.delete(best)
  }
  return { tokens, merges }
}

function mergePair(ids, left, right, merged) {
  const result = []
  for (let i = 0; i < ids.length; i++) {
    if (ids[i] === left && ids[i + 1] === right) {
      result.push(merged)
      i++
    } else {
      result.push(ids[i])
    }
  }
  return result
}
