import { z } from 'zod'
import { passkeyFormats } from './formats/index.js'
import { DEFAULT_NOISE } from './passkey-text.js'
import { lengthsSchema, thresholdSchema } from './tasks-config.js'

/** What only prompts of a real length have. */
const OWN = ['digits', 'noise', 'maxNewTokens'] as const

/**
 * Configuration of the `passkey` suite.
 *
 * - `lengths`: real lengths in tokens of BOS, prompt and answer together; for a format of a peer what its script is
 *   told.
 * - `trials`: of each length, 20 or as many as the format's script makes; trial i of n has its key at depth (i +
 *   jitter) / n.
 * - `format`: `'real-length'`, or a peer's prompt byte for byte with its length rule and its check: `'pose-repo'`,
 *   `'landmark'` (lengths are characters of noise), `'yarn'`, `'longlora'`, `'longrope'`.
 * - `digits`: of every key, without a leading zero.
 * - `noise`: the sentences repeated around the key.
 * - `maxNewTokens`: at most this many tokens are generated, and room for them is left inside the length; as many as the
 *   answer has where left out.
 * - `threshold`: accuracy in percent from which on a length counts towards the effective length.
 */
export const passkeyConfig = z
  .strictObject({
    lengths: lengthsSchema,
    trials: z.int().min(1).optional(),
    format: z.enum(['real-length', ...passkeyFormats.map(({ name }) => name)]).default('real-length'),
    digits: z.int().min(1).max(9).optional(),
    noise: z.string().min(1).optional(),
    maxNewTokens: z.int().min(1).optional(),
    threshold: thresholdSchema
  })
  .superRefine((config, context) => {
    if (config.format === 'real-length') return
    for (const key of OWN)
      if (config[key] !== undefined)
        context.addIssue({ code: 'custom', path: [key], message: `format ${config.format} has its own` })
  })
  .transform(({ digits, noise, ...config }) => ({
    ...config,
    trials: config.trials ?? passkeyFormats.find(({ name }) => name === config.format)?.trials ?? 20,
    ...(config.format === 'real-length' ? { digits: digits ?? 5, noise: noise ?? DEFAULT_NOISE } : {})
  }))

/** A validated {@link passkeyConfig}. */
export type PasskeyConfig = z.output<typeof passkeyConfig>
