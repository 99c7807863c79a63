import { definePlugin, type RopeFrequencies } from '@skipwise/core'
import type { PositionalEncoding, PositionTables } from '@skipwise/nn'
import * as runtime from '@skipwise/runtime'
import { z } from 'zod'

const BLOCK = 1024

/** Cosines and sines of the positions below 1,024, each computed when it is first needed. */
interface Rests {
  readonly known: Uint8Array
  readonly cos: Float64Array
  readonly sin: Float64Array
}

/** Keyed by the array of frequencies, which is never changed: generation asks for one row at a time. */
const restsOf = new WeakMap<Float64Array, Rests>()

/**
 * cos and sin of position · θ'_i, times the attention factor: computed in float64, rounded to float32 once.
 *
 * A position is a multiple of 1,024 plus a remainder, and their angles are added by the addition theorems, so that a
 * million positions need two thousand rows of cosines. A row depends only on its position, never on the others of a
 * call, and is as exact as the float64 angle.
 *
 * @param positionIds [N]
 * @param frequencies never changed after the first call
 * @returns tables [N, R/2]
 */
export function rotaryTables(
  positionIds: Int32Array,
  { inverseFrequencies, attentionFactor }: RopeFrequencies
): PositionTables {
  const half = inverseFrequencies.length
  const cos = new Float32Array(positionIds.length * half)
  const sin = new Float32Array(cos.length)
  const rests = restsOf.get(inverseFrequencies) ?? {
    known: new Uint8Array(BLOCK),
    cos: new Float64Array(BLOCK * half),
    sin: new Float64Array(BLOCK * half)
  }
  restsOf.set(inverseFrequencies, rests)
  const blocks = new Map<number, { cos: Float64Array; sin: Float64Array }>()
  for (let t = 0; t < positionIds.length; t++) {
    const rest = positionIds[t] & (BLOCK - 1)
    const start = positionIds[t] - rest
    const at = t * half
    const from = rest * half
    let block = blocks.get(start)
    if (block === undefined) {
      block = {
        cos: Float64Array.from(inverseFrequencies, frequency => Math.cos(start * frequency) * attentionFactor),
        sin: Float64Array.from(inverseFrequencies, frequency => Math.sin(start * frequency) * attentionFactor)
      }
      blocks.set(start, block)
    }
    if (rests.known[rest] === 0) {
      rests.known[rest] = 1
      for (let i = 0; i < half; i++) {
        rests.cos[from + i] = Math.cos(rest * inverseFrequencies[i])
        rests.sin[from + i] = Math.sin(rest * inverseFrequencies[i])
      }
    }
    for (let i = 0; i < half; i++) {
      const cosStart = block.cos[i]
      const sinStart = block.sin[i]
      const cosRest = rests.cos[from + i]
      const sinRest = rests.sin[from + i]
      cos[at + i] = cosStart * cosRest - sinStart * sinRest
      sin[at + i] = sinStart * cosRest + cosStart * sinRest
    }
  }
  return { cos, sin }
}

/**
 * Rotary encoding that pairs dimension i with i + R/2: LLaMA, Mistral, Qwen and Baichuan as transformers stores them.
 * The frequencies determine R; dimensions of a head beyond R stay as they are (partial rotary).
 */
export const rotaryHalf = definePlugin({
  kind: 'positional-encoding',
  name: 'rotary-half',
  summary: 'RoPE, dimension i paired with i + R/2 (LLaMA in transformers, "NeoX" style)',
  config: z.strictObject({}),
  create: (): PositionalEncoding => ({ tables: rotaryTables, apply: runtime.rotaryHalf })
})

/**
 * Rotary encoding that pairs dimension 2i with 2i + 1: GPT-J, the original LLaMA weights, RoFormer. The frequencies
 * determine R; dimensions of a head beyond R stay as they are (GPT-J: 64 of 256).
 */
export const rotaryInterleaved = definePlugin({
  kind: 'positional-encoding',
  name: 'rotary-interleaved',
  summary: 'RoPE, dimension 2i paired with 2i + 1 (GPT-J, RoFormer, LLaMA as Meta stores it)',
  config: z.strictObject({}),
  create: (): PositionalEncoding => ({ tables: rotaryTables, apply: runtime.rotaryInterleaved })
})
