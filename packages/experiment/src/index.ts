export { parseRecipe } from './parse-recipe.js'
export { openRecipe, openRecipeObject, type PlacedError, type RecipeDocument } from './recipe-document.js'
export type { RecipePath } from './recipe-places.js'
export { schemaWords, type SchemaIssue } from './schema-words.js'
export type { PluginNames } from './plugin-problems.js'
export type { StateFolder } from './state-folder.js'
export {
  DEFAULT_EXECUTOR,
  recipeJsonSchema,
  recipeSchema,
  type Recipe,
  type RecipeInput,
  type RecipeReference
} from './recipe-schema.js'
export { resolveRecipe, type Experiment } from './resolve/resolve.js'
export type { ExperimentKind, ResolveOptions } from './resolve/context.js'
export type { ValidationPlan } from './validation.js'
export { planExperiment, runExperiment, type RunHooks } from './run.js'
export { answersOf } from './result.js'
export type { ExperimentResult, TrainingSummary } from './result.js'
export { chartTable, evaluationCharts, headlineCharts } from './report.js'
export { lossChart, validationCharts } from './training-charts.js'
export { composeReport, runCharts } from './compose-report.js'
export { scoreTable } from './score-table.js'
export { readReportFile, type ReportSource } from './read-report-file.js'
export { createExamples, type WeightedCorpus } from './examples.js'
export { loadLanguageModel, type LoadLanguageModelOptions } from './load-language-model.js'
export { checkDigestList, describeChanges, DIGEST_LIST, type DigestCheck } from './digest-list.js'
export { extendedConfig, openModelFolder, type ModelSource } from './model-source.js'
export { saveModel, type ModelToSave } from './save-model.js'
export {
  defineModel,
  findArchitecture,
  findTokenizer,
  toReference,
  type DefinedModel,
  type Parts,
  type PluginLookup,
  type RopeReading
} from './parts.js'
export {
  compareResults,
  pairResults,
  type Comparison,
  type MetricComparison,
  type ResultPair
} from './evaluation/compare.js'
export type { PairedTest } from './evaluation/paired.js'
export { findCheckpoints, type KeptCheckpoint } from './evaluation/checkpoints.js'
export { recordEvaluations, type EvaluationRecord, type RecordOptions } from './evaluation/record.js'
export { lengthsBeyond, withLengths } from './evaluation/default-lengths.js'
export { readResult, readResults } from './evaluation/read-result.js'
export { readSuites } from './evaluation/suite-list.js'
export { asPercent, metricTable, shares, type MetricTable } from './evaluation/metric-table.js'
export { experimentErrorCodes } from './errors.js'
export { checkPlace } from './writable-place.js'
