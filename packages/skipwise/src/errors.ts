import { SkipwiseError, type ErrorCodes } from '@skipwise/core'

/** The codes that the `skipwise` command throws. */
export const skipwiseErrorCodes = {
  CLI_USAGE: 'The command line is invalid.',
  CLI_INTERRUPTED: 'The command was stopped by SIGINT or SIGTERM; what was finished is kept.',
  CLI_CONFIG: 'A skipwise.config file cannot be loaded, does not finish, does not export plugins, or is one of two.',
  CLI_STDOUT: 'Standard output cannot be written, for instance because its disk is full.',
  CLI_OUTPUT_EXISTS: 'The file to write already exists, and --overwrite was not given.',
  CLI_SYSTEM:
    'The operating system refused something unexpected: permissions, too many open files, a folder in place of a file.',
  CLI_MEMORY: 'Something is larger than the memory of this process allows.',
  VERIFY_CASE: 'A folder is not a case: case.json is missing or wrong.',
  BENCH_MODEL: 'The shape of the model to measure is invalid.',
  BENCH_RECIPE: 'A recipe that a benchmark is to train has no validation.',
  BENCH_PROCESS: 'A process that measures training steps or trains a baseline failed.',
  INTERNAL: 'An unexpected error: please report it.'
} as const satisfies ErrorCodes

/** An error of this package. */
export const usageError = (code: keyof typeof skipwiseErrorCodes, problem: string, fix: string, cause?: unknown) =>
  new SkipwiseError(code, { problem, fix, cause })
