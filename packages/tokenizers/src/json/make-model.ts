import { invalid } from '../read-json.js'
import type { ModelFile } from '../tokenizer-file.js'
import { makeBpe } from './bpe.js'
import { joinsOf } from './joins.js'
import type { MergeTable } from './merge-table.js'
import { byteTokens, type WordModel } from './model.js'
import type { PatternSource } from './pattern.js'
import { readMerges } from './read-merges.js'
import type { ReadVocabulary } from './read-vocabulary.js'
import { unsupported } from './refuse.js'
import { makeUnigram, makeWordLevel, makeWordPiece } from './word-models.js'

/** The type of a model in a file that does not name it: guessed from its keys, as in the Rust library. */
function kindOf(model: ModelFile, vocabulary: ReadVocabulary): NonNullable<ModelFile['type']> {
  if (model.type !== undefined) return model.type
  if (model.merges !== undefined) return 'BPE'
  return vocabulary.scores ? 'Unigram' : typeof model.continuing_subword_prefix === 'string' ? 'WordPiece' : 'WordLevel'
}

/**
 * The model of a tokenizer.json.
 *
 * @param merges the merges of the file, if already read
 * @param bytes whether words have to be converted to bytes as characters
 * @throws SkipwiseError `TOKENIZER_INVALID`, `TOKENIZER_UNSUPPORTED`
 */
export function makeModel(
  model: ModelFile,
  vocabulary: ReadVocabulary,
  merges: MergeTable | undefined,
  bytes: boolean,
  patterns: PatternSource
): WordModel {
  const { file } = patterns
  const kind = kindOf(model, vocabulary)
  // The others look up each beginning of a word in the vocabulary, which may take long.
  if (kind !== 'BPE') patterns.unbounded = true
  const { scores } = vocabulary
  if ((kind === 'Unigram') !== (scores !== undefined)) throw invalid(file, `model.vocab is not that of a ${kind} model`)
  switch (kind) {
    case 'BPE':
      return bpe(model, vocabulary, merges, bytes, file)
    case 'WordLevel':
      return makeWordLevel(vocabulary, model.unk_token ?? '<unk>', file)
    case 'WordPiece':
      return makeWordPiece(
        vocabulary,
        model.unk_token ?? '[UNK]',
        model.continuing_subword_prefix ?? '##',
        model.max_input_chars_per_word ?? 100,
        file
      )
    case 'Unigram': {
      const unknown = model.unk_id ?? undefined
      if (unknown !== undefined && unknown >= vocabulary.size)
        throw invalid(file, `model.unk_id is ${unknown}, beyond the vocabulary`)
      return makeUnigram(vocabulary, scores ?? new Float64Array(0), unknown, model.byte_fallback ?? false, file)
    }
  }
}

function bpe(
  model: ModelFile,
  vocabulary: ReadVocabulary,
  read: MergeTable | undefined,
  bytes: boolean,
  file: string
): WordModel {
  if (model.dropout) throw unsupported(file, 'merges that are dropped at random (dropout)')
  const prefix = model.continuing_subword_prefix ?? ''
  const suffix = model.end_of_word_suffix ?? ''
  const unknown = model.unk_token ?? undefined
  const merges = read ?? readMerges(model.merges ?? [], vocabulary, prefix, file)
  const options = {
    unknown,
    fuseUnknown: model.fuse_unk ?? false,
    byteFallback: model.byte_fallback ?? false,
    ignoreMerges: model.ignore_merges ?? false,
    prefix,
    suffix,
    bytes,
    file
  }
  // Where characters may be missing or whole words are looked up, the tokens of a word depend on the whole word.
  const independent =
    options.byteFallback &&
    !byteTokens(vocabulary).includes(-1) &&
    !options.ignoreMerges &&
    prefix === '' &&
    suffix === ''
  return makeBpe(vocabulary, merges, options, independent && !bytes ? joinsOf(vocabulary.idOf) : undefined)
}
