import { z } from 'zod'
import { DEFAULT_THRESHOLD } from './effective-length.js'
import type { RetrievalTask } from './tasks/task.js'

/** Real lengths in tokens, each once. */
export const lengthsSchema = z
  .array(z.int().min(1))
  .min(1)
  .refine(lengths => new Set(lengths).size === lengths.length, 'a length appears twice')

/** Score in percent from which on a length counts towards the effective length. */
export const thresholdSchema = z.number().gt(0).max(100).default(DEFAULT_THRESHOLD)

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
    maxNewTokens: z.int().min(1).optional()
  })

/** A validated {@link tasksConfig}. */
export type TasksConfig = z.output<ReturnType<typeof tasksConfig>>
