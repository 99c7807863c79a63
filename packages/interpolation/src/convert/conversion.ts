import { SkipwiseError, type Interpolation, type RopeFrequencies, type RopeGeometry } from '@skipwise/core'
import type { TextModel } from '../text-model.js'

/** The stacks that a RoPE can be converted for. */
export const stacks = ['transformers', 'vllm', 'llama.cpp', 'axolotl', 'litgpt'] as const

/** A name of one of {@link stacks}. */
export type Stack = (typeof stacks)[number]

/** A RoPE to convert for a stack. */
export interface RopeSource {
  /** Name of the plugin, for messages. */
  readonly name: string
  readonly interpolation: Interpolation
  readonly geometry: RopeGeometry
  /** The window to write, in tokens: L_t, or more where a file allows more (LLaMA 3.1). */
  readonly window: number
  /** The model: llama.cpp has its own name for each type, and reads tables of factors only for some. */
  readonly model: TextModel
  /** The rope object that the RoPE was read from. */
  readonly rope: Readonly<Record<string, unknown>>
}

/** What a conversion writes for a stack. */
export interface Conversion {
  readonly stack: Stack
  /** The keys, in the form of the stack's own file. */
  readonly keys: Readonly<Record<string, unknown>>
  /** llama.cpp: tensors [R/2] to add to the GGUF file, float32. */
  readonly tensors?: Readonly<Record<string, readonly number[]>>
  /** Notes for the reader of the result; none of them changes a frequency. */
  readonly notes: readonly string[]
}

/** The error for a RoPE that no keys of a stack express. */
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
