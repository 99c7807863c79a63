import { configError } from '@skipwise/nn'

/** What tells the four models apart. */
export interface BaichuanVariant {
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
 * Which of the four models a configuration is of: by our own keys, by the sizes of the released models (as vLLM does),
 * or by a name such as `Baichuan2-13B-Base`.
 *
 * @throws SkipwiseError `ARCHITECTURE_CONFIG` when nothing says it
 */
export function variantOf(config: VariantKeys, hint = ''): BaichuanVariant {
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
    `neither its sizes nor its name say which of the four models it is (${key} is missing)`,
    `add "${key}": ${values}`
  )
}
