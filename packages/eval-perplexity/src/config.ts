import { tokenCount } from '@skipwise/evaluation'
import { z } from 'zod'
import { modeOf, perplexityModes } from './modes/index.js'

/** Stride S where the configuration names none and the smallest window is at least 512. */
const DEFAULT_STRIDE = 256

/**
 * Configuration of the `perplexity` suite, lengths in tokens.
 *
 * - `data`: files or glob patterns, one or several, relative to the recipe: text (one document a file), `.jsonl` with
 *   the key `text`, either also as `.gz`.
 * - `windows`: the window lengths W; BOS, where it stands, counts.
 * - `mode`: `'sliding'`, the one to measure with, or a peer's arithmetic to compare with its published numbers:
 *   `'press'`, `'pose'`, `'yarn-unweighted'`, `'longlora'`, `'lm-eval-rolling'`.
 * - `truncate`: at each W, the first W tokens of every document in one window, instead of a window that moves.
 * - `stride` S < W: how far the window moves; every token after a document's first window has W − S tokens or more
 *   before it. 256 where left out, or half of the smallest window where that is less.
 * - `documents`: how many documents at most, the first that are long enough.
 * - `minTokens`: shorter documents are left out, the largest window where left out and never less (BOS counts); 1 in
 *   modes of peers that take documents of any length.
 * - `maxTokens`: longer documents are cut to this length (BOS counts); whole documents where left out.
 * - `bos`: before every window, `'tokenizer'` puts BOS if the model's tokenizer does, `'always'`, `'never'`. It is
 *   never scored.
 * - `resamples`: of the document bootstrap.
 */
export const perplexityConfig = z
  .strictObject({
    data: z.union([z.string().min(1), z.array(z.string().min(1)).min(1)]),
    windows: z
      .array(tokenCount(2))
      .min(1)
      .refine(windows => new Set(windows).size === windows.length, 'a window length appears twice'),
    mode: z.enum(perplexityModes.map(({ name }) => name)).default('sliding'),
    truncate: z.boolean().default(false),
    stride: tokenCount(1).optional(),
    documents: z.int().min(1).default(50),
    minTokens: tokenCount(1).optional(),
    maxTokens: tokenCount(1).optional(),
    bos: z.enum(['tokenizer', 'always', 'never']).default('tokenizer'),
    resamples: z.int().min(1).max(100_000).default(1000)
  })
  .superRefine(({ windows, mode: name, truncate, stride, minTokens, maxTokens }, context) => {
    const mode = modeOf(name)
    const smallest = Math.min(...windows)
    const fewest = minTokens ?? (mode.fillsWindow ? Math.max(...windows) : 1)
    const refuse = (key: string, message: string) => context.addIssue({ code: 'custom', path: [key], message })
    if (stride !== undefined && (mode.stride === 'none' || truncate))
      refuse('stride', truncate ? 'truncate has one window a document and no stride' : `mode ${name} has no stride`)
    else if (stride !== undefined && mode.stride === 'below-window' && stride >= smallest)
      refuse('stride', `must be smaller than the smallest window, ${smallest}, or tokens would have no context`)
    if (truncate && !mode.truncates) refuse('truncate', `mode ${name} has windows of its own`)
    if (name === 'sliding' && fewest < Math.max(...windows))
      refuse(
        'minTokens',
        `must be the largest window, ${Math.max(...windows)}, or more, so that every document fills it`
      )
    if (maxTokens !== undefined && maxTokens < fewest) refuse('maxTokens', `must be minTokens, ${fewest}, or more`)
  })
  .transform(config => {
    const mode = modeOf(config.mode)
    const smallest = Math.min(...config.windows)
    const { stride, ...rest } = config
    return {
      ...rest,
      ...(mode.stride === 'none' || config.truncate
        ? {}
        : { stride: stride ?? Math.min(DEFAULT_STRIDE, Math.floor(smallest / 2)) }),
      minTokens: config.minTokens ?? (mode.fillsWindow ? Math.max(...config.windows) : 1)
    } as typeof rest & { readonly stride?: number; readonly minTokens: number }
  })

/** A validated {@link perplexityConfig}. */
export type PerplexityConfig = z.output<typeof perplexityConfig>
