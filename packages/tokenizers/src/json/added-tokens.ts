import { ANY_SPACE, WORD_CHARACTER } from './unicode.js'
import { Trie } from './trie.js'

/** A token of `added_tokens`, with the id that the reference gives it. */
export interface AddedToken {
  readonly id: number
  readonly content: string
  readonly special: boolean
  readonly normalized: boolean
  readonly lstrip: boolean
  readonly rstrip: boolean
  readonly singleWord: boolean
}

/** A piece of text between added tokens, or the id of one. */
export type Segment = { readonly text: string; readonly start: number } | { readonly id: number }

/**
 * Gives added tokens their ids: that of the vocabulary, or else the next one (`AddedVocabulary::add_tokens` of the Rust
 * library, which ignores the id in the file).
 *
 * @param tokens in the order of the file
 * @param idOf of the model's vocabulary
 * @param modelSize number of tokens of the model's vocabulary
 */
export function numberAddedTokens(
  tokens: readonly Omit<AddedToken, 'id'>[],
  idOf: (content: string) => number | undefined,
  modelSize: number
): AddedToken[] {
  const byContent = new Map<string, number>()
  const byId = new Map<number, AddedToken>()
  let next = modelSize
  for (const token of tokens) {
    let id = byContent.get(token.content) ?? idOf(token.content)
    if (id === undefined) {
      id = next
      next++
    }
    byContent.set(token.content, id)
    byId.set(id, { ...token, id })
  }
  return [...byId.values()]
}

const wordBefore = new RegExp(`${WORD_CHARACTER}$`, 'v')
const wordAfter = new RegExp(`^${WORD_CHARACTER}`, 'v')
const space = new RegExp(ANY_SPACE, 'v')

/**
 * Finds added tokens in a text: the leftmost first, the longest of those that begin together. The index is built at the
 * first text.
 *
 * @param tokens each with the spelling by which it is found
 */
export function tokenFinder(
  tokens: readonly { readonly spelling: string; readonly token: AddedToken }[]
): (text: string) => Iterable<Segment> {
  if (tokens.length === 0) return text => [{ text, start: 0 }]
  let made: Trie<AddedToken> | undefined
  const makeTrie = () => {
    const trie = new Trie<AddedToken>()
    for (const { spelling, token } of tokens) if (spelling !== '') trie.add(spelling, token)
    return trie
  }
  return function* (text) {
    const trie = (made ??= makeTrie())
    let done = 0
    for (let at = 0; ;) {
      const match = trie.findLongest(text, at)
      if (!match) break
      const { value: token, start, end } = match
      at = end
      if (token.singleWord && insideWord(text, start, end)) continue
      const from = token.lstrip ? Math.max(spaceBefore(text, start), done) : start
      const to = token.rstrip ? spaceAfter(text, end) : end
      if (done < from) yield { text: text.slice(done, from), start: done }
      yield { id: token.id }
      done = to
    }
    if (done < text.length) yield { text: text.slice(done), start: done }
  }
}

/** Whether a letter, mark or digit is directly before or after. */
function insideWord(text: string, start: number, end: number): boolean {
  return wordBefore.test(text.slice(Math.max(0, start - 2), start)) || wordAfter.test(text.slice(end, end + 2))
}

function spaceBefore(text: string, end: number): number {
  let at = end
  while (at > 0 && space.test(text[at - 1])) at--
  return at
}

function spaceAfter(text: string, start: number): number {
  let at = start
  while (at < text.length && space.test(text[at])) at++
  return at
}
