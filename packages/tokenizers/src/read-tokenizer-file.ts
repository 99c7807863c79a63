import { parseJson } from '@skipwise/checkpoints'
import { findSections, withoutSections } from './json/json-sections.js'
import type { MergeTable } from './json/merge-table.js'
import { scanMerges } from './json/read-merges.js'
import { scanVocabulary, type ReadVocabulary } from './json/read-vocabulary.js'

/** The content of a tokenizer.json; `model.vocab` and `model.merges` are null where they were read already. */
export interface ReadTokenizer {
  readonly json: Record<string, unknown>
  readonly vocabulary?: ReadVocabulary
  readonly merges?: MergeTable
}

/**
 * Reads the bytes of a tokenizer.json. The vocabulary and the merges, nearly all of it, are read in place: `JSON.parse`
 * would create an object of a quarter of a million keys and a million texts, each used once. Where anything in them is
 * unusual or wrong, `JSON.parse` reads the file.
 *
 * @throws SkipwiseError `TOKENIZER_INVALID`
 * @throws RangeError for tokens made to collide
 */
export function readTokenizerFile(content: Uint8Array, file: string): ReadTokenizer {
  const whole = () => ({ json: parseJson(content, file, 'TOKENIZER_INVALID').object })
  const sections = findSections(content, ['model'], ['vocab', 'merges'])
  const vocab = sections?.get('vocab')
  const vocabulary = vocab && scanVocabulary(vocab)
  if (!sections || !vocabulary) return whole()
  const { object: json } = parseJson(withoutSections(content, sections.values()), file, 'TOKENIZER_INVALID')
  const section = sections.get('merges')
  if (!section) return { json, vocabulary }
  const merges = hasPrefix(json) ? undefined : scanMerges(section, vocabulary)
  return merges ? { json, vocabulary, merges } : whole()
}

function hasPrefix({ model }: Record<string, unknown>): boolean {
  if (typeof model !== 'object' || model === null || !('continuing_subword_prefix' in model)) return false
  const { continuing_subword_prefix: prefix } = model
  return prefix !== null && prefix !== ''
}
