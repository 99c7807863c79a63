import { definePlugin, type EvalSuite } from '@skipwise/core'
import { perplexityCharts } from './charts.js'
import { perplexityConfig } from './config.js'
import { perplexitySamples } from './result.js'
import { runPerplexity } from './suite.js'

export { perplexityConfig, type PerplexityConfig } from './config.js'
export { PERPLEXITY_VERSION } from './suite.js'
export type { PerplexityDetails, WindowResult } from './result.js'
export { perplexityModes } from './modes/index.js'
export type { FedWindow, PerplexityMode, WindowGeometry } from './modes/mode.js'
export { perplexityOf, type PositionScore, type SequenceScore } from './tally.js'
export { evalPerplexityErrorCodes } from './errors.js'

/**
 * Sliding-window perplexity, token-weighted: every token of every document is scored once, at each window length. Modes
 * reproduce what peers publish.
 *
 * @example
 * ```ts
 * const suite = perplexity({ data: 'proofs.jsonl', windows: [256, 1024] })
 * const result = await suite.run(model, { seed: 0, resolvePath: path => path })
 * console.log(result.metrics['perplexity@1024'])
 * ```
 */
export const perplexity = definePlugin({
  kind: 'eval-suite',
  name: 'perplexity',
  summary: 'Token-weighted sliding-window perplexity by window length, and the arithmetic of peers',
  config: perplexityConfig,
  create: (config): EvalSuite => ({
    run: (model, context) => runPerplexity(config, model, context),
    charts: perplexityCharts,
    samples: perplexitySamples
  })
})
