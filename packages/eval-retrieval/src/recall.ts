import type { Tokenizer } from '@skipwise/core'

/** RULER's `string_match_all` of one answer: the share of the references that stand in it, whatever their case. */
export function recall(answer: string, references: readonly string[]): number {
  // As RULER cleans what was generated: white space at the ends goes, control characters become line ends.
  const text = answer
    .trim()
    .replace(/[\x00-\x1f]/g, '\n')
    .trim()
    .toLowerCase()
  return references.filter(reference => text.includes(reference.toLowerCase())).length / references.length
}

/** Reads what is generated until all references stand in it: more text cannot change the score. */
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
