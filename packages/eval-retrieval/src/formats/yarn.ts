import type { Tokenizer } from '@skipwise/core'
import { characterPrompt } from './characters.js'
import type { PasskeyFormat } from './format.js'

/** Characters by which the script lengthens the noise. */
const STEP = 128

/**
 * YaRN's eval/passkey.py: the last number of characters, in steps of 128, whose prompt is shorter than the length; it
 * reports the length.
 */
export const yarn: PasskeyFormat = {
  name: 'yarn',
  trials: 20,
  noiseSize: lastBelow,
  prompt: (size, draw) => characterPrompt(size, draw),
  maxNewTokens: 10,
  check: 'integer'
}

/** The script tries every step in turn; tokens rise with characters, so halving finds the same one. */
function lastBelow(tokens: number, tokenizer: Tokenizer): number {
  const bos = tokenizer.addBos && tokenizer.bosId !== undefined ? 1 : 0
  const reaches = (step: number) =>
    bos + tokenizer.encode(characterPrompt(step * STEP, low => (low === 0 ? 0 : 10000)).prompt).length >= tokens
  let low = 1
  let high = 1
  while (!reaches(high)) high *= 2
  while (low < high) {
    const middle = Math.floor((low + high) / 2)
    if (reaches(middle)) high = middle
    else low = middle + 1
  }
  return (low - 1) * STEP
}
