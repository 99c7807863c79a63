import { invalid } from '../read-json.js'
import type { Vocabulary } from './model.js'
import { TokenTable } from './token-table.js'

/** Ids stay below this: sixteen times the largest vocabulary in use. A claim of more would only ask for memory. */
export const MAX_VOCABULARY = 1 << 22

/** Characters of a token: longer ones would only ask for time. */
const LONGEST_TOKEN = 1 << 16

/**
 * The vocabulary of a model: tokens with their ids, or a list of tokens with scores. By hand: a schema would collect
 * 100,000 complaints about a vocabulary of 100,000 tokens.
 *
 * @throws SkipwiseError `TOKENIZER_INVALID`
 */
export function readVocabulary(
  vocab: unknown,
  file: string
): Vocabulary & { readonly scores: Float64Array | undefined } {
  if (Array.isArray(vocab)) return readScored(vocab, file)
  if (typeof vocab !== 'object' || vocab === null) throw invalid(file, 'model.vocab is missing')
  const idOf = new TokenTable()
  let size = 0
  // A copy of a quarter of a million entries is what opening must not cost.
  const ids = vocab as Readonly<Record<string, unknown>>
  for (const token in ids) {
    const id = ids[token]
    if (typeof id !== 'number' || !Number.isInteger(id) || id < 0 || id >= MAX_VOCABULARY) {
      throw invalid(
        file,
        `model.vocab gives '${token}' the id ${JSON.stringify(id)}, not an integer in [0, ${MAX_VOCABULARY})`
      )
    }
    checkLength(token, file)
    idOf.set(token, id)
    size = Math.max(size, id + 1)
  }
  return { idOf, size, scores: undefined }
}

function readScored(vocab: readonly unknown[], file: string): Vocabulary & { readonly scores: Float64Array } {
  if (vocab.length > MAX_VOCABULARY) throw invalid(file, `model.vocab has ${vocab.length} tokens`)
  const idOf = new TokenTable()
  const scores = new Float64Array(vocab.length)
  for (const [id, entry] of vocab.entries()) {
    const [token, score]: readonly unknown[] = Array.isArray(entry) ? entry : []
    if (typeof token !== 'string' || typeof score !== 'number')
      throw invalid(file, `model.vocab[${id}] is not a pair of token and score`)
    checkLength(token, file)
    idOf.set(token, id)
    scores[id] = score
  }
  return { idOf, size: vocab.length, scores }
}

function checkLength(token: string, file: string): void {
  if (token.length > LONGEST_TOKEN) throw invalid(file, `model.vocab has a token of ${token.length} characters`)
}
