/** Options of `skipwise export`; each format has its own among them. */
export interface ExportCommandOptions {
  /** What is written. */
  readonly for: 'torchrun' | 'accelerate' | 'gguf'
  readonly output: string
  readonly overwrite?: boolean
  /** gguf */
  readonly type?: 'f32' | 'f16' | 'bf16' | 'q8_0'
  /** gguf */
  readonly preTokenizer?: string
}
