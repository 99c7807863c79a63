import { SkipwiseError, validate } from '@skipwise/core'
import { z } from 'zod'
import { invalid } from './read-json.js'

/** Ids stay below this: sixteen times the largest vocabulary in use. A claim of more would only ask for memory. */
const MAX_VOCABULARY = 1 << 22

const part = z.looseObject({ type: z.string() }).nullable()
const fileSchema = z.looseObject({
  model: z.looseObject({ type: z.string().optional(), unk_token: z.string().nullish() }),
  added_tokens: z.array(z.looseObject({ id: z.int().min(0).max(MAX_VOCABULARY - 1), content: z.string().min(1), special: z.boolean() })),
  normalizer: part,
  pre_tokenizer: part,
  post_processor: part,
  decoder: part
})

/** What we rely on of a `tokenizer.json`; the rest goes to the library as it is. */
export type TokenizerFile = z.infer<typeof fileSchema>

/**
 * Checks the shape of a `tokenizer.json`, and refuses what @huggingface/tokenizers 0.2.0 would take in silence and read wrongly.
 *
 * @throws SkipwiseError `TOKENIZER_INVALID`, `TOKENIZER_UNSUPPORTED`
 */
export function checkTokenizerFile(value: Record<string, unknown>, file: string): TokenizerFile {
  // Files without these keys exist; the library demands them.
  const filled = { added_tokens: [], normalizer: null, pre_tokenizer: null, post_processor: null, decoder: null, ...value }
  const checked = validate(fileSchema, filled, 'TOKENIZER_INVALID', file)
  checkVocabulary(checked.model, file)
  checkPreTokenizer(checked.pre_tokenizer, `${file}: pre_tokenizer`)
  return filled as unknown as TokenizerFile
}

/** One more than the largest id. */
export function vocabularySize({ model, added_tokens }: TokenizerFile): number {
  let size = 0
  for (const id of Array.isArray(model['vocab']) ? [model['vocab'].length - 1] : Object.values(model['vocab'] as Record<string, number>)) size = Math.max(size, id + 1)
  for (const { id } of added_tokens) size = Math.max(size, id + 1)
  return size
}

/** By hand: a schema would collect 100,000 complaints about a vocabulary of 100,000 tokens. */
function checkVocabulary({ vocab, merges }: Record<string, unknown>, file: string): void {
  if (Array.isArray(vocab)) {
    const bad = vocab.findIndex(entry => !Array.isArray(entry) || typeof entry[0] !== 'string' || typeof entry[1] !== 'number')
    if (bad >= 0) throw invalid(file, `model.vocab[${bad}] is not a pair of token and score`)
  } else if (typeof vocab === 'object' && vocab !== null) {
    const bad = Object.entries(vocab).find(([, id]) => !Number.isInteger(id) || id < 0 || id >= MAX_VOCABULARY)
    if (bad) throw invalid(file, `model.vocab gives '${bad[0]}' the id ${JSON.stringify(bad[1])}, not an integer in [0, ${MAX_VOCABULARY})`)
  } else {
    throw invalid(file, 'model.vocab is missing')
  }
  if (merges === undefined) return
  if (!Array.isArray(merges)) throw invalid(file, 'model.merges is not a list')
  const pairs = Array.isArray(merges[0])
  const bad = merges.findIndex(merge =>
    pairs ? !(Array.isArray(merge) && merge.length === 2 && merge.every(side => typeof side === 'string')) : !(typeof merge === 'string' && merge.includes(' ', 1))
  )
  if (bad >= 0) throw invalid(file, `model.merges[${bad}] is not a pair of tokens`)
}

function checkPreTokenizer(value: unknown, where: string): void {
  if (typeof value !== 'object' || value === null) return
  const config = value as Record<string, unknown>
  const unsupported = (problem: string) =>
    new SkipwiseError('TOKENIZER_UNSUPPORTED', { problem: `${where}: ${problem}`, fix: 'use a tokenizer without it, or tokenize the data elsewhere' })
  if (config['type'] === 'Sequence') {
    if (!Array.isArray(config['pretokenizers'])) throw invalid(where, 'pretokenizers is not a list')
    config['pretokenizers'].forEach((item, i) => checkPreTokenizer(item, `${where}.pretokenizers[${i}]`))
  }
  if (config['type'] === 'Split') {
    const { Regex, String: text } = (config['pattern'] ?? {}) as Record<string, unknown>
    if (typeof Regex !== 'string' && typeof text !== 'string') throw invalid(where, 'its pattern is neither a Regex nor a String')
    if (config['behavior'] !== 'Isolated' && config['behavior'] !== 'Removed') throw unsupported(`the split behaviour ${JSON.stringify(config['behavior'])}`)
    if (typeof Regex === 'string' && Regex.includes('\\G')) throw unsupported('\\G in a pattern')
  }
  // The library steps through the text by this length, and would never end.
  if (config['type'] === 'FixedLength' && !(Number.isInteger(config['length']) && (config['length'] as number) > 0)) throw invalid(where, 'its length is not positive')
}
