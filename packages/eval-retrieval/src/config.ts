import { z } from 'zod'
import { DEFAULT_NOISE } from './passkey-text.js'

/**
 * Configuration of the `passkey` suite.
 *
 * - `lengths`: real lengths in tokens of BOS, prompt and answer together.
 * - `trials`: of each length; trial i of n has its key at depth (i + jitter) / n.
 * - `digits`: of every key, without a leading zero.
 * - `noise`: the sentences repeated around the key.
 * - `maxNewTokens`: at most this many tokens are generated, and room for them is left inside the length; as many as the answer has
 *   where left out.
 */
export const passkeyConfig = z.strictObject({
  lengths: z.array(z.int().min(1)).min(1).refine(lengths => new Set(lengths).size === lengths.length, 'a length stands twice'),
  trials: z.int().min(1).default(20),
  digits: z.int().min(1).max(9).default(5),
  noise: z.string().min(1).default(DEFAULT_NOISE),
  maxNewTokens: z.int().min(1).optional()
})

/** A validated {@link passkeyConfig}. */
export type PasskeyConfig = z.output<typeof passkeyConfig>
