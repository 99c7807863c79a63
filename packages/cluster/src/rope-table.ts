import { writeSafetensors } from '@skipwise/checkpoints'
import { frequenciesOf, type Experiment } from '@skipwise/experiment'

/** The RoPE table of a run: one for all rows. */
export interface RopeTable {
  /** Name of the scheme. */
  readonly scheme: string
  /** θ'_i in radians per position, [R/2], float32. */
  readonly inverseFrequencies: Float32Array
  /** A: multiplies cos and sin. */
  readonly attentionFactor: number
  /**
   * Whether transformers computes the same table from config.json whatever it is given; others follow the longest row
   * of a batch there.
   */
  readonly isStatic: boolean
}

/** The table that a run trains with. */
export function ropeTableOf({ rope, window }: Pick<Experiment, 'rope' | 'window'>): RopeTable {
  const at = frequenciesOf(rope.interpolation, rope)
  const { inverseFrequencies, attentionFactor } = at(window.target)
  const atOriginal = at(1).inverseFrequencies
  const isSame = inverseFrequencies.every((frequency, i) => frequency === atOriginal[i])
  return {
    scheme: rope.name,
    inverseFrequencies: Float32Array.from(inverseFrequencies),
    attentionFactor,
    isStatic: isSame && !rope.name.startsWith('dynamic')
  }
}

/** Writes a table: `inv_freq` [R/2] and `attention_scaling` [1]. @throws SkipwiseError what writing throws */
export async function writeRopeTable(file: string, { inverseFrequencies, attentionFactor }: RopeTable): Promise<void> {
  await writeSafetensors(file, [
    { name: 'inv_freq', shape: [inverseFrequencies.length], data: inverseFrequencies },
    { name: 'attention_scaling', shape: [1], data: Float32Array.of(attentionFactor) }
  ])
}
