import { configError, MAX_LAYERS } from '@skipwise/nn'
import { validate } from '@skipwise/core'
import { z } from 'zod'

/** What distinguishes the four models. */
interface BaichuanVariant {
  readonly positionEmbedding: 'rope' | 'alibi'
  readonly normalizedHead: boolean
}

/** What {@link variantOf} reads. */
interface VariantKeys {
  readonly vocab_size: number
  readonly hidden_size: number
  readonly position_embedding?: 'rope' | 'alibi' | undefined
  readonly normalized_head?: boolean | undefined
}

/** Width of the models of 7B and 13B. */
const WIDTH_7B = 4096
const WIDTH_13B = 5120
/** Tokens of Baichuan and Baichuan2; a fine-tuned model may have some more. */
const VOCABULARY_1 = 64000
const VOCABULARY_2 = 125696

/**
 * Which of the four models a configuration describes: by our own keys, by the sizes of the released models (as vLLM
 * does), or by a name such as `Baichuan2-13B-Base`.
 *
 * @throws SkipwiseError `ARCHITECTURE_CONFIG` when none of these decides
 */
function variantOf(config: VariantKeys, hint = ''): BaichuanVariant {
  const { position_embedding, normalized_head, hidden_size: width, vocab_size: vocabulary } = config
  return {
    positionEmbedding:
      position_embedding ??
      (width === WIDTH_7B ? 'rope' : width === WIDTH_13B ? 'alibi' : namedPosition(hint)) ??
      unknown('position_embedding', '"rope" (7B) or "alibi" (13B)'),
    normalizedHead:
      normalized_head ??
      (vocabulary >= VOCABULARY_1 ? vocabulary >= VOCABULARY_2 : namedHead(hint)) ??
      unknown('normalized_head', 'false (Baichuan) or true (Baichuan2)')
  }
}

const namedPosition = (name: string) => (/alibi|13b/i.test(name) ? 'alibi' : /rope|7b/i.test(name) ? 'rope' : undefined)
const namedHead = (name: string) =>
  /baichuan[-_ ]?2|normali[sz]ed head/i.test(name) ? true : /baichuan/i.test(name) ? false : undefined

function unknown(key: string, values: string): never {
  throw configError(
    'a Baichuan',
    `neither the sizes nor the name tells which of the four models it is (${key} is missing)`,
    `add "${key}": ${values}`
  )
}

const size = z.int().min(1)

/** The keys of `config.json` that decide a Baichuan's shape; others are kept and ignored. */
const baichuanKeys = z.looseObject({
  model_type: z.literal('baichuan'),
  vocab_size: size,
  hidden_size: size,
  intermediate_size: size,
  num_hidden_layers: size.max(MAX_LAYERS),
  num_attention_heads: size,
  max_position_embeddings: size.optional(),
  model_max_length: size.optional(),
  rms_norm_eps: z.number().positive().default(1e-6),
  hidden_act: z.enum(['silu', 'swish']).default('silu'),
  tie_word_embeddings: z.literal(false).default(false),
  position_embedding: z.enum(['rope', 'alibi']).optional(),
  normalized_head: z.boolean().optional()
})

/** A checked Baichuan configuration, under the field's names. */
export interface BaichuanConfig {
  readonly vocabSize: number
  readonly hiddenSize: number
  readonly intermediateSize: number
  readonly layers: number
  readonly heads: number
  readonly headDim: number
  readonly maxPositionEmbeddings: number
  readonly rmsNormEps: number
  /** RoPE in the models of 7B, ALiBi in those of 13B. */
  readonly positionEmbedding: 'rope' | 'alibi'
  /** Whether the rows of the output matrix are L2-normalised: Baichuan2. */
  readonly normalizedHead: boolean
  /** The keys among `max_position_embeddings` and `model_max_length` that the file has. */
  readonly windowKeys: readonly string[]
}

/**
 * Reads `config.json` of Baichuan and Baichuan2. The four models share a `model_type`, and no key of the authors' files
 * distinguishes them; `position_embedding` and `normalized_head`, which we write, do. Without them the sizes of the
 * released models decide, then the hint.
 *
 * @throws SkipwiseError `ARCHITECTURE_CONFIG`
 */
export function parseBaichuanConfig(json: Readonly<Record<string, unknown>>, hint?: string): BaichuanConfig {
  const config = validate(baichuanKeys, json, 'ARCHITECTURE_CONFIG', 'config.json of a Baichuan')
  const { hidden_size: hiddenSize, num_attention_heads: heads } = config
  const headDim = hiddenSize / heads
  if (!Number.isInteger(headDim))
    throw configError('a Baichuan', `hidden_size ${hiddenSize} is not a multiple of num_attention_heads ${heads}`)
  const { positionEmbedding, normalizedHead } = variantOf(config, hint)
  if (positionEmbedding === 'rope' && headDim % 2 !== 0)
    throw configError('a Baichuan', `heads have ${headDim} dimensions, and RoPE rotates pairs of them`)
  const windowKeys = (['max_position_embeddings', 'model_max_length'] as const).filter(key => config[key] !== undefined)
  return {
    vocabSize: config.vocab_size,
    hiddenSize,
    intermediateSize: config.intermediate_size,
    layers: config.num_hidden_layers,
    heads,
    headDim,
    maxPositionEmbeddings: config.max_position_embeddings ?? config.model_max_length ?? 4096,
    rmsNormEps: config.rms_norm_eps,
    positionEmbedding,
    normalizedHead,
    windowKeys: windowKeys.length ? windowKeys : ['model_max_length']
  }
}
