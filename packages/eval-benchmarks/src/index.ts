import { definePlugin, type EvalSuite } from '@skipwise/core'
import { benchmarkCharts } from './charts.js'
import { benchmarksConfig } from './config.js'
import { benchmarkSamples, runBenchmarks } from './suite.js'

export { benchmarksConfig, type BenchmarksConfig, type TaskConfig } from './config.js'
export { BENCHMARKS_VERSION, type BenchmarksDetails, type QuestionResult, type TaskResult } from './suite.js'
export { benchmarkTasks } from './tasks/index.js'
export { type BenchmarkTask, type Metric, type Question } from './task.js'
export { harnessProfiles, type HarnessProfile, type HarnessVersion } from './profiles.js'
export { drawFewShots, type Draw, type FewShotOptions } from './few-shot.js'
export { requestEncoder, requestsOf, scoreRequests, type EncodedRequest, type Request } from './requests.js'
export { PythonRandom } from './python/random.js'
export { evalBenchmarksErrorCodes } from './errors.js'

/**
 * Multiple-choice benchmarks, asked and scored as lm-evaluation-harness does.
 *
 * @example
 * ```ts
 * const suite = benchmarks({ tasks: { boolq: { data: 'validation.jsonl' } } })
 * const result = await suite.run(model, { seed: 0, resolvePath: path => path })
 * console.log(result.metrics['boolq/acc'])
 * ```
 */
export const benchmarks = definePlugin({
  kind: 'eval-suite',
  name: 'benchmarks',
  summary: 'BoolQ, PIQA, WinoGrande, TruthfulQA, ARC and HellaSwag as lm-evaluation-harness scores them',
  config: benchmarksConfig,
  create: (config): EvalSuite => ({
    run: (model, context) => runBenchmarks(config, model, context),
    charts: benchmarkCharts,
    samples: benchmarkSamples
  })
})
