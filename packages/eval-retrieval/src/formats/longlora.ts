import { characterPrompt } from './characters.js'
import type { PasskeyFormat } from './format.js'
import { numpyRandint } from './mersenne-twister.js'

/**
 * LongLoRA's passkey_retrivial.py (and ChunkLlama's): 3.75 characters a token in whole 1024s, numpy's generator seeded
 * with the trial, whose upper ends are left out. Exactly the tokens of the key must be generated.
 */
export const longlora: PasskeyFormat = {
  name: 'longlora',
  trials: 10,
  draw: (_, trial) => numpyRandint(trial),
  noiseSize: tokens => Math.floor((3.75 * tokens) / 1024) * 1024,
  prompt: (size, draw) => characterPrompt(size, draw, Math.max(size - 1, 0), 49999),
  maxNewTokens: 'key',
  check: 'ids'
}
