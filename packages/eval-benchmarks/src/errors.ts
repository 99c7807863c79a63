import type { ErrorCodes } from '@skipwise/core'

/** The codes that `@skipwise/eval-benchmarks` throws. */
export const evalBenchmarksErrorCodes = {
  BENCHMARK_RECORD: 'A record of a benchmark lacks a key, or has a value that the benchmark does not have there.',
  BENCHMARK_DATA: 'The files of a benchmark have no record, or too few for the few-shot examples.',
  BENCHMARK_SHOTS: 'Few-shot examples were requested without training data, or for a benchmark that has its own.',
  BENCHMARK_HUB: 'A benchmark cannot be downloaded from the Hugging Face hub.',
  BENCHMARK_LENGTH: 'A choice has no token, or more tokens than the model takes.'
} as const satisfies ErrorCodes
