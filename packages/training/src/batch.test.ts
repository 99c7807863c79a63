import { fc, test } from '@fast-check/vitest'
import type { TrainingExample, RopeFrequencies } from '@skipwise/core'
import { linearBias, rotary } from '@skipwise/testing'
import { describe, expect } from 'vitest'
import { countLabels, makeBatch } from './batch.js'

const T = 4
const window = { original: T, target: 10 }
const encoding = rotary
const frequencies: RopeFrequencies = {
  inverseFrequencies: Float64Array.of(1, 0.01),
  attentionFactor: 1,
  softmaxScale: 1
}

/** Of the frequencies. */
const geometry = { rotaryDim: 2 * frequencies.inverseFrequencies.length }

const example = (changes: Partial<Record<keyof TrainingExample, readonly number[]>> = {}): TrainingExample => ({
  ids: Int32Array.from(changes.ids ?? [5, 6, 7, 8]),
  positionIds: Int32Array.from(changes.positionIds ?? [0, 1, 8, 9]),
  labelMask: Uint8Array.from(changes.labelMask ?? [0, 1, 0, 1])
})
const batchOf = (examples: readonly TrainingExample[], labelCount = countLabels(examples)) =>
  makeBatch(examples, window, labelCount, encoding, geometry, frequencies)

describe('makeBatch', () => {
  test('stacks ids, next ids, label weights and the tables of the positions', () => {
    const second = example({ ids: [1, 2, 3, 4], positionIds: [2, 3, 4, 5], labelMask: [0, 1, 1, 1] })
    const { ids, labels, labelWeights, cos, sin } = batchOf([example(), second])
    expect([...ids]).toEqual([5, 6, 7, 8, 1, 2, 3, 4])
    expect([...labels]).toEqual([6, 7, 8, 0, 2, 3, 4, 0])
    // token t is weighted by the mask of token t + 1: five labels in all
    expect([...labelWeights]).toEqual([1, 0, 1, 0, 1, 1, 1, 0].map(counts => Math.fround(counts / 5)))
    expect({ cos, sin }).toEqual(encoding.tables(Int32Array.of(0, 1, 8, 9, 2, 3, 4, 5), frequencies))
  })

  test('hands on the positions of an encoding with slopes', () => {
    const { positions } = makeBatch(
      [example(), example({ positionIds: [2, 3, 4, 5] })],
      window,
      1,
      linearBias,
      geometry,
      frequencies
    )
    expect([...(positions ?? [])]).toEqual([0, 1, 8, 9, 2, 3, 4, 5])
  })

  const masks = fc.array(fc.array(fc.integer({ min: 0, max: 1 }), { minLength: T, maxLength: T }), {
    minLength: 1,
    maxLength: 6
  })
  test.prop([masks])('weights the labels of all micro-batches together to 1, and never the last token', flags => {
    const examples = flags.map(labelMask => example({ labelMask }))
    const count = countLabels(examples)
    fc.pre(count > 0)
    const weights = examples.map(one => batchOf([one], count).labelWeights)
    expect(Math.abs(weights.reduce((sum, row) => sum + row.reduce((a, b) => a + b), 0) - 1)).toBeLessThan(1e-6)
    for (const row of weights) expect(row[T - 1]).toBe(0)
    expect(count).toBe(flags.reduce((sum, mask) => sum + mask.slice(1).filter(Boolean).length, 0))
  })

  test('accepts the first and the last position of the window', () => {
    expect(() => batchOf([example({ positionIds: [0, 1, 2, 9] })])).not.toThrow()
  })

  test.each([
    ['a position at the target', { positionIds: [0, 1, 2, 10] }, 'position 10 of token 3 is outside [0, 10)'],
    ['a negative position', { positionIds: [-1, 0, 1, 2] }, 'position -1 of token 0'],
    ['a position twice', { positionIds: [0, 1, 1, 2] }, 'position 1 of token 2 does not follow 1'],
    ['positions that fall', { positionIds: [0, 5, 4, 6] }, 'position 4 of token 2 does not follow 5'],
    ['too few ids', { ids: [1, 2, 3] }, '3 ids, 4 positions and 4 label flags, not 4'],
    ['too many positions', { positionIds: [0, 1, 2, 3, 4] }, '4 ids, 5 positions'],
    ['too few label flags', { labelMask: [0, 1] }, '2 label flags']
  ])('refuses %s', (_, changes, problem) => {
    expect(() => batchOf([example(), example(changes)])).toThrow('TRAINING_POSITIONS: ')
    expect(() => batchOf([example(), example(changes)])).toThrow(problem)
  })
})
