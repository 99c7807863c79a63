import type { GenerateOptions, LanguageModel, Tokenizer } from '@skipwise/core'

/** 1 where the tokenizer puts BOS before a text, else 0. */
export const bosCount = ({ addBos, bosId }: Tokenizer): 0 | 1 => (addBos && bosId !== undefined ? 1 : 0)

/** Tokens of a text as the model gets it, BOS included. */
export const countTokens = (tokenizer: Tokenizer, text: string): number =>
  bosCount(tokenizer) + tokenizer.encode(text).length

/** Ids of a prompt, with BOS by the tokenizer's own policy. */
function promptIds(tokenizer: Tokenizer, prompt: string): Int32Array {
  const bos = bosCount(tokenizer)
  const encoded = tokenizer.encode(prompt)
  const ids = new Int32Array(bos + encoded.length)
  if (bos) ids[0] = tokenizer.bosId as number
  ids.set(encoded, bos)
  return ids
}

/** Greedy continuation of a prompt, until EOS. */
export function continueGreedily(
  model: LanguageModel,
  prompt: string,
  maxNewTokens: number,
  signal: AbortSignal | undefined
): AsyncIterable<number> {
  const { eosId } = model.tokenizer
  const options: GenerateOptions = {
    maxNewTokens,
    temperature: 0,
    stopIds: eosId === undefined ? undefined : [eosId],
    signal
  }
  return model.generate(promptIds(model.tokenizer, prompt), options)
}

/** Something of a size, and the tokens it needs. */
interface Measured {
  readonly need: number
}

/**
 * The largest size whose need is within a limit. The need is almost linear in the size, so a few secant steps come
 * near, and single units finish; each step makes and encodes a whole document. Ends for any tokenizer: sizes only fall,
 * and then only rise.
 *
 * @param smallest a size that fits, and what it makes
 */
export function largestThatFits<M extends Measured>(
  measure: (size: number) => M,
  limit: number,
  smallest: { readonly size: number; readonly made: M },
  step: number
): M {
  let { size, made } = smallest
  let perUnit = (measure(size + step).need - made.need) / step || 1
  for (let tries = 0; tries < 6; tries++) {
    const next = Math.max(size + Math.floor((limit - made.need) / perUnit), smallest.size)
    if (next === size) break
    const moved = measure(next)
    perUnit = Math.max((moved.need - made.need) / (next - size), 0.25) || perUnit
    size = next
    made = moved
  }
  while (made.need > limit && size > smallest.size) made = measure(--size)
  for (let more = measure(size + 1); more.need <= limit; more = measure(size + 1)) {
    made = more
    size++
  }
  return made
}

/**
 * The first run of digits in a generated text, '' if there is none. Stops reading, and so generating, once something
 * other than a digit follows.
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

/** RULER's `string_match_all` of one answer: the share of the references in it, ignoring case. */
export function recall(answer: string, references: readonly string[]): number {
  // As RULER cleans what was generated: white space at the ends goes, control characters become line ends.
  const text = answer
    .trim()
    .replace(/[\x00-\x1f]/g, '\n')
    .trim()
    .toLowerCase()
  return references.filter(reference => text.includes(reference.toLowerCase())).length / references.length
}

/** Reads what is generated until it has all references: more text cannot change the score. */
export async function readAnswer(
  tokens: AsyncIterable<number>,
  references: readonly string[],
  tokenizer: Tokenizer
): Promise<{ text: string; score: number }> {
  const ids: number[] = []
  let text = ''
  let score = 0
  for await (const id of tokens) {
    ids.push(id)
    text = tokenizer.decode(ids)
    score = recall(text, references)
    if (score === 1) break
  }
  return { text, score }
}
