import { characterPrompt } from './characters.js'
import type { PasskeyFormat } from './format.js'

/** LongRoPE's passkey evaluation: 3.65 characters a token. */
export const longrope: PasskeyFormat = {
  name: 'longrope',
  trials: 10,
  noiseSize: tokens => Math.floor(3.65 * tokens),
  prompt: (size, draw) => characterPrompt(size, draw),
  maxNewTokens: 10,
  check: 'integer'
}
