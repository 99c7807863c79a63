import type { Tokenizer } from '@skipwise/core'

/**
 * The first run of digits in a generated text, '' if there is none. Stops reading, and so generating, once something
 * that is not a digit stands behind it.
 */
export async function generatedDigits(tokens: AsyncIterable<number>, tokenizer: Tokenizer): Promise<string> {
  const ids: number[] = []
  for await (const id of tokens) {
    ids.push(id)
    // Decoded as a whole: a token alone may be half of a character.
    if (/\d\D/.test(tokenizer.decode(ids))) break
  }
  return /\d+/.exec(tokenizer.decode(ids))?.[0] ?? ''
}
