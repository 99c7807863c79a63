import { definePlugin, type EvalSuite } from '@skipwise/core'
import { passkeyCharts } from './charts.js'
import { passkeyConfig, tasksConfig } from './config.js'
import { passkeySamples, runPasskey } from './passkey.js'
import { createTasksSuite } from './tasks-suite.js'
import { longchatTasks, rulerTasks } from './tasks/index.js'

export { passkeyConfig, tasksConfig, type PasskeyConfig, type TasksConfig } from './config.js'
export {
  effectiveLength,
  type PasskeyDetails,
  type PasskeyLengthResult,
  type PasskeyTrial,
  type TaskResult,
  type TasksDetails,
  type TaskTrial
} from './results.js'
export { PASSKEY_VERSION } from './passkey.js'
export { createTasksSuite, type TasksSuite } from './tasks-suite.js'
export type { Question, QuestionSetting, RetrievalTask } from './tasks/task.js'
export { noiseText, textHaystack, type HaystackText } from './tasks/haystack.js'
export { questionDocument, type QuestionDocument, type QuestionOptions } from './question-document.js'
export { passkeyDocument, type PasskeyDocument, type PasskeyOptions } from './passkey-document.js'
export { passkeyFormats } from './formats/index.js'
export type { Draw, PasskeyFormat } from './formats/format.js'
export { recall } from './prompts.js'
export { evalRetrievalErrorCodes } from './errors.js'

/**
 * Passkey retrieval: a number hidden in noise of a real token length, at stratified depths, asked for by greedy
 * generation.
 *
 * @example
 * ```ts
 * const suite = passkey({ lengths: [256, 1024] })
 * const result = await suite.run(model, { seed: 0, resolvePath: path => path })
 * console.log(result.metrics['passkey@1024'])
 * ```
 */
export const passkey = definePlugin({
  kind: 'eval-suite',
  name: 'passkey',
  summary: 'Retrieval of a hidden number by real prompt length and depth',
  config: passkeyConfig,
  create: (config): EvalSuite => ({
    run: (model, context) => runPasskey(config, model, context),
    charts: passkeyCharts,
    samples: passkeySamples
  })
})

/**
 * RULER's tasks that need no corpus of others, with RULER's scoring: needles of one and of many keys, values and
 * queries, variable tracking, common and frequent words; from their average, the effective context length.
 *
 * @example
 * ```ts
 * const suite = ruler({ lengths: [4096, 16384], tasks: ['niah-single-1', 'variable-tracking'] })
 * ```
 */
export const ruler = definePlugin({
  kind: 'eval-suite',
  name: 'ruler',
  summary: "RULER's needles, variable tracking, common and frequent words",
  config: tasksConfig(rulerTasks),
  create: config => createTasksSuite({ name: 'ruler', title: 'RULER', version: 1, tasks: rulerTasks }, config)
})

/** LongChat's tasks: the first topic of a long conversation, and the number of one line among many. */
export const longchat = definePlugin({
  kind: 'eval-suite',
  name: 'longchat',
  summary: "LongChat's topic and line retrieval",
  config: tasksConfig(longchatTasks),
  create: config => createTasksSuite({ name: 'longchat', title: 'LongChat', version: 1, tasks: longchatTasks }, config)
})
