import type { ExportCommandOptions } from '../export-options.js'
import type { Terminal } from '../terminal.js'

/** `skipwise export INPUT --for FORMAT`: what other programs train or run. */
export async function exportFor(input: string, options: ExportCommandOptions, terminal: Terminal): Promise<number> {
  switch (options.for) {
    case 'torchrun':
    case 'accelerate':
      return (await import('./export-torchrun.js')).exportTorchrun(input, options.for, options, terminal)
    case 'gguf':
      return (await import('./export-gguf.js')).exportGguf(input, options, terminal)
  }
}
