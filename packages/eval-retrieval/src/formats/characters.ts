import { DEFAULT_NOISE, keySentence, QUESTION, TASK } from '../passkey-document.js'
import type { Draw } from './format.js'

/**
 * The prompt of landmark-attention's llama/run_test.py, which YaRN, LongLoRA and LongRoPE took over: `size` characters
 * of noise, cut in the middle of words on both sides of the key; what follows the key starts from the beginning of the
 * noise again.
 *
 * @param largestKey drawn from 1 to this
 */
export function characterPrompt(size: number, draw: Draw, largestPrefix = size, largestKey = 50000) {
  const prefix = draw(0, largestPrefix)
  const key = String(draw(1, largestKey))
  return {
    prompt: passkeyLines(noiseCharacters(prefix), key, noiseCharacters(size - prefix)),
    key,
    before: size === 0 ? 0 : prefix / size
  }
}

/** The five lines of a prompt; a side without noise is an empty line. */
export const passkeyLines = (before: string, key: string, after: string): string =>
  [TASK, before, keySentence(key), after, QUESTION].join('\n')

const noiseCharacters = (count: number): string =>
  Array.from({ length: Math.ceil(count / (DEFAULT_NOISE.length + 1)) }, () => DEFAULT_NOISE)
    .join(' ')
    .padEnd(count)
    .slice(0, count)
