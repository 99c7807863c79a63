import { validate } from '@skipwise/core'
import { z } from 'zod'
import { decoderSchema } from './json/decoders.js'
import { normalizerSchema } from './json/normalizers.js'
import { postProcessorSchema } from './json/post-processor.js'
import { preTokenizerSchema } from './json/pre-tokenizers.js'
import { MAX_VOCABULARY } from './json/read-vocabulary.js'
import { invalid } from './read-json.js'

/** A prefix or suffix of the characters of a word. */
const affix = z.string().max(64).nullish()
const flag = z.boolean().nullish()

const addedToken = z.looseObject({
  id: z
    .int()
    .min(0)
    .max(MAX_VOCABULARY - 1),
  content: z.string().min(1),
  special: z.boolean(),
  normalized: z.boolean().default(false),
  lstrip: z.boolean().default(false),
  rstrip: z.boolean().default(false),
  single_word: z.boolean().default(false)
})

const modelSchema = z.looseObject({
  type: z.enum(['BPE', 'WordLevel', 'WordPiece', 'Unigram']).optional(),
  vocab: z.unknown().optional(),
  merges: z.unknown().optional(),
  unk_token: z.string().nullish(),
  unk_id: z.int().min(0).nullish(),
  fuse_unk: flag,
  byte_fallback: flag,
  ignore_merges: flag,
  dropout: z.number().nullish(),
  continuing_subword_prefix: affix,
  end_of_word_suffix: affix,
  max_input_chars_per_word: z.int().min(0).max(10_000).nullish()
})

const fileSchema = z.looseObject({
  model: modelSchema,
  added_tokens: z.array(addedToken).default([]),
  normalizer: normalizerSchema.nullish().transform(value => value ?? null),
  pre_tokenizer: preTokenizerSchema.nullish().transform(value => value ?? null),
  post_processor: postProcessorSchema.nullish().transform(value => value ?? null),
  decoder: decoderSchema.nullish().transform(value => value ?? null)
})

/** The content of a `tokenizer.json`. */
export type TokenizerFile = z.infer<typeof fileSchema>
export type ModelFile = TokenizerFile['model']

/**
 * Checks the shape of a `tokenizer.json`; vocabulary and merges are checked where they are read.
 *
 * @throws SkipwiseError `TOKENIZER_INVALID`
 */
export function checkTokenizerFile(value: Record<string, unknown>, file: string): TokenizerFile {
  for (const key of ['normalizer', 'pre_tokenizer', 'post_processor', 'decoder']) {
    if (isDeep(value[key])) throw invalid(file, `${key} has values nested more than ${DEEPEST} deep`)
  }
  return validate(fileSchema, value, 'TOKENIZER_INVALID', file)
}

/** Depth of nested sequences: more would only ask for stack. */
const DEEPEST = 40

function isDeep(value: unknown): boolean {
  let level: readonly unknown[] = [value]
  for (let depth = 0; depth <= DEEPEST; depth++) {
    level = level.flatMap(each => (typeof each === 'object' && each !== null ? Object.values(each) : []))
    if (level.length === 0) return false
  }
  return true
}
