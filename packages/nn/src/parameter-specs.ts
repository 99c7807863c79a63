import type { ParameterSpec } from './contracts.js'

/** `${name}.weight` [out, in] and, with a bias, `${name}.bias` [out], as `torch.nn.Linear` has them. */
export const linearSpecs = (name: string, out: number, input: number, bias = false): ParameterSpec[] => [
  { name: `${name}.weight`, shape: [out, input], initializer: 'normal' },
  ...(bias ? [{ name: `${name}.bias`, shape: [out], initializer: 'zeros' } as const] : [])
]

/** `${name}.weight` [size] and, with a bias, `${name}.bias` [size], of an RMS norm or a layer norm. */
export const normSpecs = (name: string, size: number, bias = false): ParameterSpec[] => [
  { name: `${name}.weight`, shape: [size], initializer: 'ones' },
  ...(bias ? [{ name: `${name}.bias`, shape: [size], initializer: 'zeros' } as const] : [])
]

/** An embedding table, `${name}.weight` [V, d]. */
export const embeddingSpecs = (name: string, vocabSize: number, size: number): ParameterSpec[] => [
  { name: `${name}.weight`, shape: [vocabSize, size], initializer: 'normal' }
]
