import type { Terminal } from '../terminal.js'

/** Formats that `skipwise export` writes. */
export const exportFormats = ['gguf'] as const

/** Options of `skipwise export`; each format has its own among them. */
export interface ExportCommandOptions {
  readonly for: (typeof exportFormats)[number]
  readonly output: string
  readonly overwrite?: boolean
  /** gguf */
  readonly type?: 'f32' | 'f16' | 'bf16' | 'q8_0'
  /** gguf */
  readonly preTokenizer?: string
}

/** `skipwise export INPUT --for FORMAT`: what other programs run. */
export async function exportFor(input: string, options: ExportCommandOptions, terminal: Terminal): Promise<number> {
  switch (options.for) {
    case 'gguf':
      return (await import('./export-gguf.js')).exportGguf(input, options, terminal)
  }
}
