export { parseRecipe } from './parse-recipe.js'
export { openRecipe, openRecipeObject, type PlacedError, type RecipeDocument } from './recipe-document.js'
export type { RecipePath } from './recipe-places.js'
export { parseSetting, setInRecipe, type RecipeSetting } from './recipe-settings.js'
export { keysOf, typeText, type JsonSchema, type SchemaKey, type TypeStyle } from './json-schema.js'
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
export { type Experiment } from './resolve/experiment.js'
export { resolveRecipe } from './resolve/resolve.js'
export type { ExperimentKind, ResolveOptions } from './resolve/context.js'
export type { ValidationPlan } from './resolve/experiment.js'
export { planExperiment, runExperiment, trainingSetup, type RunHooks } from './run.js'
export type { TrainedElsewhere, Trainers } from './trained-elsewhere.js'
export { makeFolder, publish } from './output-folder.js'
export { writeModelFolder, type WeightsToWrite } from './write-model-folder.js'
export { modelWeights, type ModelWeights } from './model-weights.js'
export { outlineRecipe, type OutlineOptions, type RecipeOutline } from './outline.js'
export { answersOf } from './result.js'
export type { ExperimentResult, TrainingSummary } from './result.js'
export { chartTable, evaluationCharts, headlineCharts } from './report.js'
export { lossChart, validationCharts } from './training-charts.js'
export { composeReport, runCharts } from './compose-report.js'
export { readReportFile, type ReportSource } from './read-report-file.js'
export { createExamples, type WeightedCorpus } from './examples.js'
export {
  describeLanguageModel,
  evaluateFolder,
  evaluateShard,
  loadLanguageModel,
  openLanguageModel,
  type EvaluateFolderOptions,
  type LoadLanguageModelOptions,
  type OpenLanguageModelOptions
} from './open-language-model.js'
export { checkDigestList, describeChanges, DIGEST_LIST, writeDigestList, type DigestCheck } from './digest-list.js'
export { extendedConfig, frequenciesOf, openModelFolder, type ModelSource } from './model-source.js'
export { StorageError, storageOf, weightTypes, type StorageOf, type StoreAs, type WeightType } from './weight-types.js'
export { saveModel, type ModelToSave } from './save-model.js'
export {
  defineModel,
  findArchitecture,
  findTokenizer,
  toReference,
  type DefinedModel,
  type Collaborators,
  type PluginLookup,
  type RopeReading,
  type RopeToWrite
} from './parts.js'
export { readSuites } from './suite-list.js'
export { experimentErrorCodes } from './errors.js'
