import { z } from 'zod'

/** Stride S where the configuration names none and the smallest window is at least 512. */
const DEFAULT_STRIDE = 256

/**
 * Configuration of the `perplexity` suite, lengths in tokens.
 *
 * - `data`: files or glob patterns, one or several, relative to the recipe: text (one document a file), `.jsonl` with the key
 *   `text`, either also as `.gz`.
 * - `windows`: the window lengths W; BOS, where it stands, counts.
 * - `stride` S < W: how far the window moves; every token after a document's first window has W − S tokens or more before it. 256
 *   where left out, or half of the smallest window where that is less.
 * - `documents`: how many documents at most, the first that are long enough.
 * - `minTokens`: shorter documents are left out, the largest window where left out and never less (BOS counts).
 * - `maxTokens`: longer documents are cut to this length (BOS counts); whole documents where left out.
 * - `bos`: before every window, `'tokenizer'` puts BOS if the model's tokenizer does, `'always'`, `'never'`. It is never scored.
 * - `resamples`: of the document bootstrap.
 */
export const perplexityConfig = z
  .strictObject({
    data: z.union([z.string().min(1), z.array(z.string().min(1)).min(1)]),
    windows: z.array(z.int().min(2)).min(1).refine(windows => new Set(windows).size === windows.length, 'a window length stands twice'),
    stride: z.int().min(1).optional(),
    documents: z.int().min(1).default(50),
    minTokens: z.int().min(1).optional(),
    maxTokens: z.int().min(1).optional(),
    bos: z.enum(['tokenizer', 'always', 'never']).default('tokenizer'),
    resamples: z.int().min(1).max(100_000).default(1000)
  })
  .transform(config => ({
    ...config,
    stride: config.stride ?? Math.min(DEFAULT_STRIDE, Math.floor(Math.min(...config.windows) / 2)),
    minTokens: config.minTokens ?? Math.max(...config.windows)
  }))
  .superRefine((config, context) => {
    const smallest = Math.min(...config.windows), largest = Math.max(...config.windows)
    const refuse = (key: string, message: string) => context.addIssue({ code: 'custom', path: [key], message })
    if (config.stride >= smallest) refuse('stride', `must be smaller than the smallest window, ${smallest}, or tokens would have no context`)
    if (config.minTokens < largest) refuse('minTokens', `must be the largest window, ${largest}, or more, so that every document fills it`)
    if (config.maxTokens !== undefined && config.maxTokens < config.minTokens) refuse('maxTokens', `must be minTokens, ${config.minTokens}, or more`)
  })

/** A validated {@link perplexityConfig}. */
export type PerplexityConfig = z.output<typeof perplexityConfig>
