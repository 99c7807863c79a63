import { usageError } from '../errors.js'
import type { Terminal } from '../terminal.js'

/** Options of `skipwise export`. */
export interface ExportCommandOptions {
  readonly for: string
  readonly output: string
}

/** `skipwise export INPUT --for FORMAT --output PATH`. */
export async function exportInput(input: string, options: ExportCommandOptions, terminal: Terminal): Promise<number> {
  switch (options.for) {
    case 'torchrun':
    case 'accelerate':
      return (await import('./export-torchrun.js')).exportTorchrun(input, options.for, options.output, terminal)
    default:
      throw usageError('CLI_USAGE', `there is no format '${options.for}'`, 'see `skipwise export --help`')
  }
}
