import { tokenCount } from '@skipwise/evaluation'
import { z } from 'zod'
import { harnessProfiles, type HarnessVersion } from './profiles.js'
import { benchmarkTasks } from './tasks/index.js'

const files = z.union([z.string().min(1), z.array(z.string().min(1)).min(1)])

const taskConfig = z.strictObject({
  data: files.optional(),
  training: files.optional(),
  shots: z.int().min(0).optional()
})

/**
 * Configuration of the `benchmarks` suite.
 *
 * - `tasks`: by name, each with its files, relative to the recipe: `data` (the questions) and `training` (few-shot
 *   examples), `.jsonl`, also as `.gz`, or `.parquet`; from the Hugging Face hub where `data` is left out. `shots`:
 *   few-shot examples; the task's own number where left out.
 * - `harness`: the version of lm-evaluation-harness whose numbers these are.
 * - `limit`: only so many questions of each task, the first, as the harness's `--limit`.
 * - `maxLength`: tokens that the model takes, its window where left out; longer requests lose their beginning.
 */
export const benchmarksConfig = z.strictObject({
  tasks: z
    .strictObject(
      Object.fromEntries(benchmarkTasks.map(({ name }) => [name, taskConfig.optional()])) as Record<
        (typeof benchmarkTasks)[number]['name'],
        z.ZodOptional<typeof taskConfig>
      >
    )
    .refine(tasks => Object.values(tasks).some(task => task !== undefined), 'names no benchmark'),
  harness: z.enum(Object.keys(harnessProfiles) as [HarnessVersion, ...HarnessVersion[]]).default('0.4.9.2+'),
  limit: z.int().min(1).optional(),
  maxLength: tokenCount(2).optional()
})

/** A validated {@link benchmarksConfig}. */
export type BenchmarksConfig = z.output<typeof benchmarksConfig>

/** Files and few-shot examples of one benchmark. */
export type TaskConfig = NonNullable<z.output<typeof benchmarksConfig>['tasks']['boolq']>
