// Random texts of known tokens: which tokens can follow each other so that the text encodes to them again.

/** @typedef {import('@skipwise/core').Tokenizer} Tokenizer */
/** @typedef {import('@skipwise/core').RandomStream} RandomStream */

/** @template T @param {RandomStream} random @param {readonly T[]} list */
export const pick = (random, list) => /** @type {T} */ (list[random.integer(0, list.length - 1)])

/**
 * Whether a text encodes to exactly these ids. @param {Tokenizer} tokenizer @param {string} text @param
 * {ArrayLike<number>} ids
 */
export function encodesTo(tokenizer, text, ids) {
  const encoded = tokenizer.encode(text)
  return encoded.length === ids.length && encoded.every((id, i) => id === ids[i])
}

/**
 * The text of ids, where it encodes to them again: random ids may merge, or be pieces of a character.
 * @param {Tokenizer} tokenizer @param {ArrayLike<number>} ids @returns {string | undefined}
 */
export function exactText(tokenizer, ids) {
  const text = tokenizer.decode(ids)
  return encodesTo(tokenizer, text, ids) ? text : undefined
}

/** @param {Tokenizer} tokenizer */
export function vocabularyOf(tokenizer) {
  const all = Array.from({ length: tokenizer.vocabSize }, (_, id) => ({ id, text: tokenizer.decode([id]) }))
  const ascii = all.filter(({ id, text }) => /^[\t\n\r\x20-\x7e]+$/.test(text) && encodesTo(tokenizer, text, [id]))
  const ids = ascii.map(({ id }) => id)
  /** @type {Map<number, boolean>} */
  const pairs = new Map()
  return {
    /** Tokens of printable ASCII. */
    ids,
    /** One token for each digit, '0' first. */
    digits: Array.from({ length: 10 }, (_, digit) => tokenizer.encode(String(digit))[0]),
    /** Lower-case words of three letters or more, each one token with the space before it; without the space. */
    words: ascii.filter(({ text }) => /^ [a-z]{3,}$/.test(text)).map(({ text }) => text.slice(1)),
    /** Whether the two tokens stay apart in a text. @param {number} a @param {number} b */
    canFollow(a, b) {
      const key = a * tokenizer.vocabSize + b
      let answer = pairs.get(key)
      if (answer === undefined) pairs.set(key, (answer = exactText(tokenizer, [a, b]) !== undefined))
      return answer
    }
  }
}
