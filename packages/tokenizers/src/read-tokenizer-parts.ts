import { parseJson, readFolderFile } from '@skipwise/checkpoints'
import {
  SkipwiseError,
  type AddedTokenParts,
  type ByteLevelParts,
  type SentencePieceParts,
  type Tokenizer,
  type TokenizerParts
} from '@skipwise/core'
import { join } from 'node:path'
import { numberAddedTokens } from './json/added-tokens.js'
import type { NormalizerFile } from './json/normalizers.js'
import type { PreTokenizerFile } from './json/pre-tokenizers.js'
import { readVocabulary } from './json/read-vocabulary.js'
import { invalid } from './read-json.js'
import { loadSentencePiece, readSentencePieceFiles } from './sentencepiece/plugin.js'
import { checkTokenizerFile, type TokenizerFile } from './tokenizer-file.js'
import { loadTokenizerJson } from './tokenizer-json.js'

const JSON_FILE = 'tokenizer.json'

/**
 * What the tokenizer of a model folder is made of: a byte-level tokenizer.json, or else a tokenizer.model. Where both
 * are there and the first is of the second kind, the second is read, and both must give the same ids.
 *
 * @throws SkipwiseError `TOKENIZER_NOT_FOUND`, `TOKENIZER_INVALID`, `TOKENIZER_UNSUPPORTED` for other kinds,
 * `FILE_REFUSED`
 */
export async function readTokenizerParts(folder: string): Promise<TokenizerParts> {
  const content = await readFolderFile(folder, JSON_FILE)
  if (content === undefined) return sentencePieceParts(folder, [])
  const file = join(folder, JSON_FILE)
  const checked = checkTokenizerFile(parseJson(content, file, 'TOKENIZER_INVALID').object, file)
  const tokenizer = await loadTokenizerJson(folder)
  if (isByteLevel(checked)) return byteLevelParts(checked, tokenizer, file)
  if (!checked.model.byte_fallback) throw unsupported(file, 'it is neither byte-level BPE nor BPE with byte fallback')
  const parts = await sentencePieceParts(folder, addedOf(checked, file)).catch((error: unknown) => {
    if (error instanceof SkipwiseError && error.code === 'TOKENIZER_NOT_FOUND')
      throw unsupported(file, 'it is a SentencePiece model, and its scores are only in tokenizer.model')
    throw error
  })
  const other = await loadSentencePiece(folder)
  if (String(tokenizer.encode(PROBE)) !== String(other.encode(PROBE)))
    throw invalid(file, 'it gives other ids than tokenizer.model next to it')
  return parts
}

/** A text in which tokenizers of different models differ. */
const PROBE = 'The quick brown fox, 12345 times:\n\tif (x == 3) { return "naïve café 東京 🙂"; }'

const unsupported = (file: string, problem: string) =>
  new SkipwiseError('TOKENIZER_UNSUPPORTED', {
    problem: `${file}: ${problem}`,
    fix: 'put the tokenizer.model of the same model next to it'
  })

/** Steps of a normalizer or pre-tokenizer, one after another. */
const stepsOf = (file: NormalizerFile | PreTokenizerFile | null): readonly { readonly type: string }[] => {
  if (file === null) return []
  if (file.type !== 'Sequence') return [file]
  return 'normalizers' in file ? file.normalizers.flatMap(stepsOf) : file.pretokenizers.flatMap(stepsOf)
}

const isByteLevel = ({ model, pre_tokenizer }: TokenizerFile): boolean =>
  (model.type === 'BPE' || model.merges !== undefined) && stepsOf(pre_tokenizer).at(-1)?.type === 'ByteLevel'

function addedOf({ added_tokens, model }: TokenizerFile, file: string): AddedTokenParts[] {
  const { idOf } = readVocabulary(model.vocab, file)
  const tokens = added_tokens.map(({ single_word, ...token }) => ({ ...token, singleWord: single_word }))
  return numberAddedTokens(tokens, content => idOf.get(content), idOf.size).map(
    ({ id, content, special, lstrip, rstrip, singleWord }) => ({
      id,
      content,
      special,
      takesNeighbours: lstrip || rstrip || singleWord
    })
  )
}

function byteLevelParts(checked: TokenizerFile, tokenizer: Tokenizer, file: string): ByteLevelParts {
  const { model, normalizer, pre_tokenizer } = checked
  const { idOf } = readVocabulary(model.vocab, file)
  const added = addedOf(checked, file)
  const tokens: (string | undefined)[] = Array.from({ length: tokenizer.vocabSize })
  for (let at = 0; at < idOf.size; at++) tokens[idOf.idAt(at)] = idOf.textAt(at)
  for (const { id, content } of added) tokens[id] = content
  return {
    kind: 'byte-level',
    file,
    tokens,
    merges: mergesOf(model.merges, file),
    ignoresMerges: model.ignore_merges ?? false,
    normalizers: stepsOf(normalizer).map(({ type }) => type),
    preTokenizers: stepsOf(pre_tokenizer).map(describeStep),
    added,
    ...policyOf(tokenizer)
  }
}

const policyOf = ({ bosId, eosId, addBos, addEos = false }: Tokenizer) => ({ bosId, eosId, addBos, addEos })

/** A step as {@link ByteLevelParts.preTokenizers} names it. */
function describeStep(step: { readonly type: string } & Record<string, unknown>): string {
  const { type } = step
  if (type === 'ByteLevel' && step['add_prefix_space'] === false) return step['use_regex'] === false ? 'bytes' : type
  if (type === 'Digits' && step['individual_digits'] === true) return type
  const { pattern } = step
  if (type === 'Split' && step['behavior'] === 'Isolated' && step['invert'] === false && isRegex(pattern))
    return `Split:${pattern.Regex}`
  return JSON.stringify(step)
}

const isRegex = (pattern: unknown): pattern is { readonly Regex: string } =>
  typeof pattern === 'object' && pattern !== null && 'Regex' in pattern && typeof pattern.Regex === 'string'

/** Pairs of a list of pairs, or of texts with a space between the two; the loader has checked them. */
function mergesOf(value: unknown, file: string): [string, string][] {
  const merges: readonly unknown[] = Array.isArray(value) ? value : []
  const pairs: [string, string][] = []
  for (const merge of merges) {
    if (typeof merge === 'string' && merge.startsWith('#version')) continue
    const [left, right]: readonly unknown[] =
      typeof merge === 'string' ? merge.split(' ') : Array.isArray(merge) ? merge : []
    if (typeof left !== 'string' || typeof right !== 'string') throw invalid(file, 'model.merges has no pairs')
    pairs.push([left, right])
  }
  return pairs
}

/** @param more added tokens of a tokenizer.json next to the model */
async function sentencePieceParts(folder: string, more: readonly AddedTokenParts[]): Promise<SentencePieceParts> {
  const { model, policy, tokenizer, file } = await readSentencePieceFiles(folder)
  const { normalizer, whitespaceAsSuffix } = model
  const added = new Map(
    policy.added.map(({ id, content, special, lstrip, rstrip }) => [
      id,
      { id, content, special, takesNeighbours: lstrip || rstrip }
    ])
  )
  for (const token of more) added.set(token.id, token)
  return {
    kind: 'sentencepiece',
    file,
    pieces: model.pieces,
    byteFallback: model.byteFallback,
    addsPrefix: normalizer.addDummyPrefix,
    addsPrefixAfterToken: policy.prefixAfterToken,
    changes: [
      ...(normalizer.characterMap ? ['it has a map of characters (Unicode normalisation)'] : []),
      ...(normalizer.removeExtraWhitespaces ? ['it removes superfluous spaces'] : []),
      ...(normalizer.escapeWhitespaces ? [] : ['it leaves spaces as they are']),
      ...(whitespaceAsSuffix ? ['it writes spaces at the end of words'] : [])
    ],
    added: [...added.values()],
    ...policyOf(tokenizer)
  }
}
