export { recordEvaluations, runSuites, type RecordOptions, type SuiteContext } from './record.js'
export type { EvaluationRecord } from './record-file.js'
export { recordShards } from './shards.js'
export type { EvaluationShard, ShardOf } from './shard-file.js'
export { mergeShards, type MergeOptions } from './merge-shards.js'
export { openJournal, type Journal } from './journal.js'
export { keepStage, keptStage } from './kept-stage.js'
export { evalResultSchema, readResult, readResults, RESULT_FILE } from './read-result.js'
export { findCheckpoints, type KeptCheckpoint } from './checkpoints.js'
export { compareResults, pairResults, type Comparison, type MetricComparison, type ResultPair } from './compare.js'
export { lengthsBeyond, withLengths } from './default-lengths.js'
export { tokenCount, withTokenCounts } from './token-count.js'
export { metricTable, shares, type MetricTable } from './metric-table.js'
export { scoreTable } from './score-table.js'
export {
  bootstrapInterval,
  holm,
  meanAndError,
  pairedTest,
  quantile,
  signTest,
  wilsonInterval,
  type BootstrapOptions,
  type Pair,
  type PairedTest
} from './statistics.js'
export { evaluationErrorCodes } from './errors.js'
