import type { ByteLevelParts } from '@skipwise/core'
import { SkipwiseError } from '@skipwise/core'

/** Expressions of tokenizer.json files. */
const LLAMA_3 =
  "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}{1,3}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+"
const QWEN_2 = LLAMA_3.replace('{1,3}', '')
const TINY_LLAMA = "'(?:[sdmt]|ll|ve|re)| ?\\p{L}+|\\p{N}| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|\\s+"

/** A name that llama.cpp has for a way of cutting texts into words. */
interface PreTokenizer {
  /** `tokenizer.ggml.pre`. */
  readonly name: string
  /** As {@link ByteLevelParts.preTokenizers} names the steps. */
  readonly steps: readonly string[]
  /** Whether it takes a word that is a token whole. */
  readonly ignoresMerges: boolean
  /** Which texts it cuts differently; undefined for none. */
  readonly difference?: string
}

/**
 * llama.cpp has the expressions in its program and finds them by name (`llama-vocab.cpp`); its converter finds the name
 * by the ids of one text. Here the expressions are compared. Several names mean the same there; one of each is listed.
 */
const preTokenizers: readonly PreTokenizer[] = [
  { name: 'gpt-2', steps: ['ByteLevel'], ignoresMerges: false },
  { name: 'smollm', steps: ['Digits', 'ByteLevel'], ignoresMerges: false },
  { name: 'llama-bpe', steps: [`Split:${LLAMA_3}`, 'bytes'], ignoresMerges: true },
  { name: 'smaug-bpe', steps: [`Split:${LLAMA_3}`, 'bytes'], ignoresMerges: false },
  { name: 'qwen2', steps: [`Split:${QWEN_2}`, 'bytes'], ignoresMerges: false },
  {
    name: 'smollm',
    steps: [`Split:${TINY_LLAMA}`, 'bytes'],
    ignoresMerges: false,
    difference: 'several white spaces before a digit'
  }
]

/** The name of a pre-tokenizer, and what to know about it. */
export interface FoundPreTokenizer {
  readonly name: string
  readonly notes: readonly string[]
}

/**
 * The name under which llama.cpp has the pre-tokenizer of a model.
 *
 * @param chosen a name that the user insists on
 * @throws SkipwiseError `GGUF_TOKENIZER` where it has none that gives the same ids, and none is chosen
 */
export function findPreTokenizer(parts: ByteLevelParts, chosen: string | undefined): FoundPreTokenizer {
  const { file, preTokenizers: steps, ignoresMerges } = parts
  const found = preTokenizers.find(each => each.ignoresMerges === ignoresMerges && String(each.steps) === String(steps))
  if (chosen !== undefined) {
    const same = found?.name === chosen && found.difference === undefined
    return {
      name: chosen,
      notes: same ? [] : [`the pre-tokenizer ${chosen} was chosen by hand: compare token ids${exception(found)}`]
    }
  }
  if (found?.difference === undefined && found !== undefined) return { name: found.name, notes: [] }
  throw new SkipwiseError('GGUF_TOKENIZER', {
    problem:
      found === undefined
        ? `${file}: llama.cpp has no name for this pre-tokenizer (${shown(steps)})`
        : `${file}: the nearest pre-tokenizer of llama.cpp, ${found.name}, gives other ids for ${found.difference}`,
    fix:
      found === undefined
        ? 'serve the model with transformers or vLLM, or choose a name of llama.cpp by --pre-tokenizer and compare the ids'
        : `accept that with --pre-tokenizer ${found.name}`
  })
}

const exception = (found: PreTokenizer | undefined) =>
  found?.difference === undefined ? '' : `, which differ for ${found.difference}`

const shown = (steps: readonly string[]) => {
  const text = steps.join(', ')
  return text.length > 160 ? `${text.slice(0, 160)}…` : text
}
