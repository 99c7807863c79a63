import { definePlugin } from '@skipwise/core'
import { passkeyCharts } from './charts.js'
import { passkeyConfig } from './config.js'
import { runPasskey } from './suite.js'

/**
 * Passkey retrieval: a number hidden in noise of a real token length, at stratified depths, asked for by greedy generation.
 *
 * @example
 * ```ts
 * const suite = createRegistry().register(passkey).resolve('eval-suite', 'passkey', { lengths: [2048, 16384] })
 * const result = await suite.run(model, { seed: 0, resolvePath: path => path })
 * console.log(result.metrics['passkey@16384'])
 * ```
 */
export const passkey = definePlugin({
  kind: 'eval-suite',
  name: 'passkey',
  summary: 'Retrieval of a hidden number by real prompt length and depth',
  config: passkeyConfig,
  create: config => ({
    run: (model, context) => runPasskey(config, model, context),
    charts: passkeyCharts
  })
})
