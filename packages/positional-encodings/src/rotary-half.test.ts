import { describePositionalEncoding } from '@skipwise/testing'
import { tf } from '@skipwise/runtime'
import { beforeAll, expect, test } from 'vitest'
import { rotaryHalf } from './rotary-half.js'

beforeAll(() => tf.setBackend('cpu'))

describePositionalEncoding(rotaryHalf)

test('pairs dimension i with i + R/2', () => {
  // Position 1 turns the first pair by one radian: (1, 0) → (cos 1, sin 1) in dimensions 0 and 4.
  const encoding = rotaryHalf.create({}), inverseFrequencies = Float64Array.of(1, 0.1, 0.01, 0.001)
  const rotated = tf.tidy(() => {
    const { cos, sin } = encoding.tables(Int32Array.of(1), { inverseFrequencies, attentionFactor: 1, softmaxScale: 1 })
    return encoding.apply(tf.tensor4d([1, 0, 0, 0, 0, 0, 0, 0], [1, 1, 1, 8]), tf.tensor3d(cos, [1, 1, 4]), tf.tensor3d(sin, [1, 1, 4])).dataSync<'float32'>()
  })
  expect([...rotated]).toEqual([Math.fround(Math.cos(1)), 0, 0, 0, Math.fround(Math.sin(1)), 0, 0, 0])
})
