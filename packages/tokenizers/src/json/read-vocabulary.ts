import { invalid } from '../read-json.js'
import type { JsonSection } from './json-sections.js'
import { JsonUnits } from './json-units.js'
import type { Vocabulary } from './model.js'
import { TokenTable } from './token-table.js'

/** Ids stay below this: sixteen times the largest vocabulary in use. A larger id would only ask for memory. */
export const MAX_VOCABULARY = 1 << 22

/** Length limit of a token: longer ones would only ask for time. */
const LONGEST_TOKEN = 1 << 16

/** A vocabulary; a list has scores. */
export type ReadVocabulary = Vocabulary & { readonly scores: Float64Array | undefined }

/**
 * The vocabulary of a model: tokens with their ids, or a list of tokens with scores. Checked by hand: a schema would
 * collect 100,000 problems of a vocabulary of 100,000 tokens.
 *
 * @throws SkipwiseError `TOKENIZER_INVALID`
 */
export function readVocabulary(vocab: unknown, file: string): ReadVocabulary {
  if (Array.isArray(vocab)) return readScored(vocab, file)
  if (typeof vocab !== 'object' || vocab === null) throw invalid(file, 'model.vocab is missing')
  const idOf = new TokenTable()
  let size = 0
  // Opening must not cost a copy of a quarter of a million entries.
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

const COMMA = 0x2c
const COLON = 0x3a
const OPEN_OBJECT = 0x7b
const CLOSE_OBJECT = 0x7d

/**
 * The same for an object in the bytes of a file, in a tenth of the time that creating a JavaScript object takes.
 *
 * @returns undefined for input that {@link readVocabulary} has to read: a list, what it refuses, and broken JSON
 */
export function scanVocabulary({ bytes, start }: JsonSection): ReadVocabulary | undefined {
  const json = new JsonUnits(bytes, start)
  if (!json.take(OPEN_OBJECT)) return undefined
  const idOf = new TokenTable()
  let size = 0
  if (json.take(CLOSE_OBJECT)) return { idOf, size, scores: undefined }
  do {
    if (!json.string() || json.length > LONGEST_TOKEN || !json.take(COLON)) return undefined
    const id = json.integer()
    if (id < 0 || id >= MAX_VOCABULARY) return undefined
    idOf.setUnits(json.units, json.length, json.hash(), id)
    if (id >= size) size = id + 1
  } while (json.take(COMMA))
  return json.take(CLOSE_OBJECT) ? { idOf, size, scores: undefined } : undefined
}

function readScored(vocab: readonly unknown[], file: string): ReadVocabulary {
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
