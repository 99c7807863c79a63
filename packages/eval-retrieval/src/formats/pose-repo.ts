import { DEFAULT_NOISE } from '../passkey-document.js'
import { passkeyLines } from './characters.js'
import type { PasskeyFormat } from './format.js'

/**
 * PoSE's src/eval_passkey.py: whole noise sentences, joined without a space. Its constants for the parts each count a
 * BOS that is not there, so real prompts are about 4 % shorter than the length says.
 */
export const poseRepo: PasskeyFormat = {
  name: 'pose-repo',
  trials: 50,
  noiseSize: tokens => Math.max(0, Math.floor((tokens - 32 - 26 - 11) / 25)),
  prompt(size, draw) {
    const prefix = draw(0, size)
    const key = String(draw(1, 50000))
    return {
      prompt: passkeyLines(DEFAULT_NOISE.repeat(prefix), key, DEFAULT_NOISE.repeat(size - prefix)),
      key,
      before: size === 0 ? 0 : prefix / size
    }
  },
  maxNewTokens: 10,
  check: 'integer'
}
