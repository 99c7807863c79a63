// Synthetic documents of an exact number of tokens, BOS included, in which much can be foretold from the text before.
// Each document is a pure function of its number: draw(random) of one stream.
import { passkeyDocument } from '@skipwise/eval-retrieval'
import { QUESTION } from './passkey-wording.mjs'
import { exactText, pick, vocabularyOf } from './vocabulary.mjs'

/** @typedef {import('@skipwise/core').Tokenizer} Tokenizer */
/** @typedef {import('@skipwise/core').RandomStream} RandomStream */

/** Draws until something comes of it. @template T @param {() => T | undefined} draw @returns {T} */
function untilDefined(draw) {
  for (let attempt = 0; attempt < 10_000; attempt++) {
    const drawn = draw()
    if (drawn !== undefined) return drawn
  }
  throw new Error('no document of that length comes out: does the tokenizer fit?')
}

/**
 * A number of five digits; some have few different ones, so that copying by digit alone loses its place. @param
 * {RandomStream} random
 */
function drawKey(random) {
  if (random.uniform() < 0.6) return String(random.integer(10_000, 99_999))
  const few = Array.from({ length: random.integer(2, 3) }, () => random.integer(0, 9))
  return Array.from({ length: 5 }, (_, i) => (i === 0 ? Math.max(1, pick(random, few)) : pick(random, few))).join('')
}

/**
 * @param {Tokenizer} tokenizer puts BOS before a text (addBos)
 * @param {readonly string[]} texts real text for noise and filling
 */
export function documentMakers(tokenizer, texts) {
  const vocabulary = vocabularyOf(tokenizer)
  const bos = tokenizer.addBos ? 1 : 0
  /** @param {string} text */
  const count = text => bos + tokenizer.encode(text).length
  const encoded = texts.map(text =>
    (
      /** @type {Int32Array | undefined} */ kept => () =>
          (kept ??= tokenizer.encode(text))

    )(undefined)
  )

  /** Real text of that many tokens. @param {RandomStream} random @param {number} tokens */
  const realText = (random, tokens) =>
    untilDefined(() => {
      const ids = pick(random, encoded)()
      if (ids.length < tokens) return undefined
      const start = random.integer(0, ids.length - tokens)
      return exactText(tokenizer, ids.subarray(start, start + tokens))
    })

  /**
   * Tokens of an alphabet that stay apart in every order, or undefined. @param {RandomStream} random @param {readonly
   * number[]} alphabet @param {number} size
   */
  const separate = (random, alphabet, size) => {
    /** @type {number[]} */
    const set = []
    for (let attempt = 0; set.length < size && attempt < 40 * size; attempt++) {
      const next = pick(random, alphabet)
      if (
        !set.includes(next) &&
        [...set, next].every(other => vocabulary.canFollow(other, next) && vocabulary.canFollow(next, other))
      )
        set.push(next)
    }
    return set.length === size ? set : undefined
  }

  /**
   * A walk over a few tokens, each with one successor drawn for this document, with jumps: what comes next can be told
   * only from what came after the same token before, which is what retrieval is made of.
   * @param {number} tokens @param {{ alphabet: number, fewest: number, most: number, jump: number }} options tokens to
   * draw from, tokens of one document, probability of a jump
   */
  const chain = (tokens, { alphabet, fewest, most, jump }) => {
    const from = vocabulary.ids.slice(0, alphabet)
    return (/** @type {RandomStream} */ random) =>
      untilDefined(() => {
        const set = separate(random, from, random.integer(fewest, most))
        if (!set) return undefined
        const successor = set.map(() => random.integer(0, set.length - 1))
        const anywhere = () => random.integer(0, set.length - 1)
        let at = anywhere()
        return exactText(
          tokenizer,
          Array.from({ length: tokens - bos }, () => {
            const id = set[at]
            at = random.uniform() < jump ? anywhere() : successor[at]
            return id
          })
        )
      })
  }

  /** Facts, then the same facts in other orders. @param {number} tokens */
  const facts = tokens => (/** @type {RandomStream} */ random) =>
    untilDefined(() => {
      const names = new Set(Array.from({ length: random.integer(2, 7) }, () => pick(random, vocabulary.words)))
      const all = [...names].map(name => `The ${name} key is ${drawKey(random)}.\n`)
      let text = ''
      for (let i = 0; i < all.length; i++)
        text += (random.uniform() < 0.3 ? `${realText(random, random.integer(3, 20)).trim()}\n` : '') + all[i]
      while (count(text) < tokens) text += shuffled(random, all).join('')
      return exactText(tokenizer, tokenizer.encode(text).subarray(0, tokens - bos))
    })

  /**
   * Noise for a passkey document: the paper's (undefined) in 60 %, otherwise real text. @param {RandomStream} random
   */
  const noise = random => (random.uniform() < 0.6 ? undefined : realText(random, 300))

  /** @param {RandomStream} random @param {number} length at most */
  const passkeyText = (random, length) => {
    const key = drawKey(random)
    const chosen = noise(random)
    if (chosen !== undefined && !chosen.trim()) return undefined
    const { prompt, answer } = passkeyDocument(tokenizer, {
      length,
      depth: random.uniform(),
      key,
      ...(chosen === undefined ? {} : { noise: chosen })
    })
    return { text: prompt + answer, again: `\n${QUESTION}${answer}` }
  }

  /**
   * A passkey document that fills the window; or a shorter one, then real text; or one that asks several times.
   * @param {number} tokens
   */
  const passkey = tokens => (/** @type {RandomStream} */ random) => {
    const kind = random.uniform()
    return untilDefined(() => {
      if (kind < 0.5) {
        const text = passkeyText(random, tokens)?.text
        return text === undefined ? undefined : fits(text)
      }
      const times = kind < 0.75 ? 0 : random.integer(1, 4)
      const made = passkeyText(random, random.integer(80, tokens - 8 - 18 * times))
      if (!made) return undefined
      const text = made.text + made.again.repeat(times)
      const missing = tokens - count(text) - 1
      return missing < 0 ? undefined : fits(`${text}\n${missing ? realText(random, missing) : ''}`)
    })

    /** One line feed may fill it up. @param {string} text */
    function fits(text) {
      return [text, `${text}\n`].find(candidate => count(candidate) === tokens)
    }
  }

  return { chain, facts, passkey, realText }
}

/** @template T @param {RandomStream} random @param {readonly T[]} list @returns {T[]} */
function shuffled(random, list) {
  const result = [...list]
  for (let i = result.length - 1; i > 0; i--) {
    const j = random.integer(0, i)
    const kept = result[i]
    result[i] = result[j]
    result[j] = kept
  }
  return result
}
