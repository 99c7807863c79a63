import { tokenCount } from '@skipwise/evaluation'
import { z } from 'zod'
import { DEFAULT_THRESHOLD } from './results.js'
import type { RetrievalTask } from './tasks/task.js'
import { passkeyFormats } from './formats/index.js'
import { DEFAULT_NOISE } from './passkey-document.js'

/** Real lengths in tokens, each once. */
const lengthsSchema = z
  .array(tokenCount(1))
  .min(1)
  .refine(lengths => new Set(lengths).size === lengths.length, 'a length appears twice')

/** Score in percent from which on a length counts towards the effective length. */
const thresholdSchema = z.number().gt(0).max(100).default(DEFAULT_THRESHOLD)

/**
 * Configuration of a suite of retrieval tasks.
 *
 * - `lengths`: real lengths in tokens of BOS, prompt and answer together.
 * - `tasks`: all of the suite's where left out.
 * - `trials`: questions of each task and length; question i of n has its answer at depth (i + jitter) / n.
 * - `haystack`: a text file, relative to the recipe, to hide needles in; the noise sentence where left out.
 * - `threshold`: score in percent from which on a length counts as mastered.
 * - `maxNewTokens`: at most this many tokens are generated, and room for them is left inside the length; each task's
 *   own where left out.
 */
export const tasksConfig = (tasks: readonly RetrievalTask[]) =>
  z.strictObject({
    lengths: lengthsSchema,
    tasks: z
      .array(z.enum(tasks.map(({ name }) => name)))
      .min(1)
      .refine(names => new Set(names).size === names.length, 'a task appears twice')
      .default(tasks.map(({ name }) => name)),
    trials: z.int().min(1).default(20),
    haystack: z.string().min(1).optional(),
    threshold: thresholdSchema,
    maxNewTokens: tokenCount(1).optional()
  })

/** A validated {@link tasksConfig}. */
export type TasksConfig = z.output<ReturnType<typeof tasksConfig>>

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
    maxNewTokens: tokenCount(1).optional(),
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
