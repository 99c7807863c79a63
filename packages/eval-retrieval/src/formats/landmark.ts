import { characterPrompt } from './characters.js'
import type { PasskeyFormat } from './format.js'

/** landmark-attention's llama/run_test.py: a length is a number of characters of noise. */
export const landmark: PasskeyFormat = {
  name: 'landmark',
  trials: 50,
  noiseSize: characters => characters,
  prompt: (size, draw) => characterPrompt(size, draw),
  maxNewTokens: 10,
  check: 'integer'
}
