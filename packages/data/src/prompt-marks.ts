/** Bit of a token id in a corpus that says: of a prompt, no label. Vocabularies are far smaller. */
const PROMPT = 2 ** 30

/** Writes ids [n] at `at` of `into`, marked where `learned` [n] is 0. */
export function writeMarked(
  into: Int32Array,
  ids: ArrayLike<number>,
  learned: ArrayLike<number> | undefined,
  at: number
): void {
  for (let t = 0; t < ids.length; t++) into[at + t] = learned?.[t] === 0 ? ids[t] | PROMPT : ids[t]
}

/** What {@link splitPromptMarks} gives. */
export interface UnmarkedDocument {
  /** Token ids [n]. */
  readonly ids: Int32Array
  /**
   * 1 for tokens of a prompt, and of what others than the assistant say in a conversation, [n]; undefined for a
   * document without any.
   */
  readonly isPrompt: Uint8Array | undefined
}

/** Token ids [n] of a corpus, or a part of them, without the marks of prompts, and where these are. */
export function splitPromptMarks(marked: Int32Array): UnmarkedDocument {
  if (!marked.some(id => (id & PROMPT) !== 0)) return { ids: marked, isPrompt: undefined }
  return { ids: marked.map(id => id & ~PROMPT), isPrompt: Uint8Array.from(marked, id => Number((id & PROMPT) !== 0)) }
}
