import { SkipwiseError, type Interpolation, type RopeFrequencies, type RopeGeometry } from '@skipwise/core'
import type { TextModel } from '../text-model.js'

/** The stacks that a RoPE can be carried into. */
export const stacks = ['transformers', 'vllm', 'llama.cpp', 'axolotl', 'litgpt'] as const

/** A name of one of {@link stacks}. */
export type Stack = (typeof stacks)[number]

/** A RoPE to carry into a stack. */
export interface RopeSource {
  /** Name of the plugin, for messages. */
  readonly name: string
  readonly interpolation: Interpolation
  readonly geometry: RopeGeometry
  /** The window to write, in tokens: L_t, or more where a file allows more (LLaMA 3.1). */
  readonly window: number
  /** The model: llama.cpp has a name of its own for each type, and reads tables of factors for some only. */
  readonly model: TextModel
  /** The rope object that the RoPE was read from. */
  readonly rope: Readonly<Record<string, unknown>>
}

/** What to write for a stack. */
export interface Conversion {
  readonly stack: Stack
  /** The keys, as the stack's own file has them. */
  readonly keys: Readonly<Record<string, unknown>>
  /** llama.cpp: tensors [R/2] to add to the GGUF file, float32. */
  readonly tensors?: Readonly<Record<string, readonly number[]>>
  /** What a reader of the result should know; none of it changes a frequency. */
  readonly notes: readonly string[]
}

/** The error for what a stack has no keys for. */
export const inexpressible = (stack: Stack, problem: string, fix: string): SkipwiseError =>
  new SkipwiseError('ROPE_INEXPRESSIBLE', { problem: `${stack}: ${problem}`, fix })

/** The frequencies of a source, when they are the same at every length of the sequence; else undefined. */
export function staticFrequencies({ interpolation, geometry }: RopeSource): RopeFrequencies | undefined {
  const { originalLength, targetLength } = geometry
  const [first, ...others] = [originalLength, targetLength, 2 * targetLength].map(length =>
    interpolation.frequencies({ ...geometry, length })
  )
  return others.every(other => sameFrequencies(first, other)) ? first : undefined
}

/** Whether two tables are the same to rounding. */
export function sameFrequencies(a: RopeFrequencies, b: RopeFrequencies): boolean {
  const near = (x: number, y: number) => x === y || Math.abs(x - y) <= 1e-9 * Math.max(Math.abs(x), Math.abs(y))
  return (
    near(a.attentionFactor, b.attentionFactor) &&
    near(a.softmaxScale, b.softmaxScale) &&
    a.inverseFrequencies.length === b.inverseFrequencies.length &&
    a.inverseFrequencies.every((frequency, i) => near(frequency, b.inverseFrequencies[i]))
  )
}
