/**
 * Codes of what was written rather than of what went wrong with it: the command line, a recipe, a configuration, an
 * option, or a name in them that stands for nothing. A command that ends with one has exit code 2; with any other code
 * it is 1.
 */
export const MISUSE_CODES: readonly string[] = [
  'BENCHMARK_SHOTS',
  'BENCH_MODEL',
  'BENCH_RECIPE',
  'CLI_CONFIG',
  'CLI_OUTPUT_EXISTS',
  'CLI_USAGE',
  'COVERAGE_CHUNKS',
  'DATA_NO_FILES',
  'DATA_NO_TEMPLATE',
  'EVAL_COMPARE',
  'EVAL_NO_CHECKPOINTS',
  'EVAL_OUTPUT',
  'EVAL_RESULT',
  'EVAL_SHARD',
  'EVAL_SUITES',
  'HUB_REFERENCE',
  'INFERENCE_OPTIONS',
  'INFERENCE_TOO_LONG',
  'MODEL_CONFIG_NOT_FOUND',
  'MODEL_NOT_FOUND',
  'OUTPUT_EXISTS',
  'PASSKEY_LENGTH',
  'PLUGIN_API_VERSION',
  'PLUGIN_CONFIG',
  'PLUGIN_DUPLICATE',
  'PLUGIN_INVALID',
  'PLUGIN_UNKNOWN',
  'POSITIONS_WINDOW',
  'RECIPE_DATA',
  'RECIPE_EVALUATION',
  'RECIPE_INVALID',
  'RECIPE_NOT_FOUND',
  'RECIPE_ROPE_NONE',
  'RECIPE_ROPE_SCALED',
  'RECIPE_SYNTAX',
  'RECIPE_TOKENIZER',
  'RECIPE_VERB',
  'RECIPE_WINDOW',
  'REPORT_FILE',
  'RETRIEVAL_LENGTH',
  'STATE_FOREIGN',
  'TRAINING_FREEZE',
  'TRAINING_LORA',
  'TRAINING_OPTIONS',
  'VERIFY_CASE'
]

/** Codes of a command that a signal asked to stop, and that did: it ends with 130 (SIGINT) or 143 (SIGTERM). */
export const STOPPED_CODES: readonly string[] = ['CLI_INTERRUPTED', 'TRAINING_INTERRUPTED']

const misuse = new Set(MISUSE_CODES)

/** The exit code of a command that ends with these errors: 2 where something is to be written otherwise, else 1. */
export const exitCodeOf = (codes: readonly string[]): 1 | 2 => (codes.some(code => misuse.has(code)) ? 2 : 1)
