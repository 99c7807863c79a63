export {
  SkipwiseError,
  SkipwiseErrors,
  isSkipwiseError,
  coreErrorCodes,
  type ErrorCodes,
  type SkipwiseErrorDetails
} from './errors.js'
export { definePlugin, PLUGIN_API_VERSION, type Plugin, type PluginDefinition, type PluginKind } from './plugin.js'
export { createRegistry, type AnyPlugin, type ConfigOf, type PluginReference, type Registry } from './registry.js'
export { validate } from './validate.js'
export { readTokenCount, TOKEN_COUNT_PATTERN } from './token-count.js'
export { letEventsIn } from './event-loop.js'
export { withoutUndefined, type WithoutUndefined } from './without-undefined.js'
export { nearestName } from './nearest-name.js'
export { isJsonNumber, jsonTokens, type JsonToken } from './json-tokens.js'
export { permutation, philox4x32, randomStream, type RandomCoordinates, type RandomStream } from './random.js'
export type { ProgressEvent, ProgressListener } from './progress.js'
export type { PluginKinds, TokenizerLoader } from './contracts/kinds.js'
export type { HuggingFaceRope, Interpolation, RopeFrequencies, RopeGeometry } from './contracts/interpolation.js'
export type {
  ExampleDraw,
  PositionedExample,
  PositionTransform,
  TrainingExample,
  Window
} from './contracts/position-transform.js'
export type { Tokenizer } from './contracts/tokenizer.js'
export type {
  AddedTokenParts,
  ByteLevelParts,
  SentencePieceParts,
  TokenizerParts
} from './contracts/tokenizer-parts.js'
export type { GenerateOptions, LanguageModel, ScoredSequence } from './contracts/language-model.js'
export { isLineChart } from './contracts/chart.js'
export type {
  BarChart,
  Cell,
  Chart,
  ChartAxis,
  ChartCategories,
  HeatMapChart,
  LineChart,
  Table
} from './contracts/chart.js'
export { byLength, formatPercent, metricAt, metricParts } from './contracts/metric-name.js'
export { lengthChart, type LengthChart } from './contracts/length-chart.js'
export {
  resultOfShard,
  type EvalContext,
  type EvalResult,
  type EvalSuite,
  type MetricSamples
} from './contracts/eval-suite.js'
export type { StandardSchemaV1 } from '@standard-schema/spec'
export { visible, visibleLines, visibleJson, visibleJsonText, clip, shortened } from './visible.js'
