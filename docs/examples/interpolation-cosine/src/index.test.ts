import { describeInterpolation } from '@skipwise/testing'
import { expect, test } from 'vitest'
import { cosine } from './index.js'

describeInterpolation(cosine, { configs: [{}, { sharpness: 2 }] })

test('keeps the fastest pair, divides the slowest by s and the middle one by √s', () => {
  const geometry = { rotaryDim: 6, base: 1000, originalLength: 2048, targetLength: 8192 }
  const { inverseFrequencies } = cosine({ sharpness: 1 }).frequencies(geometry)
  const expected = [1, 0.1 / 2, 0.01 / 4]
  inverseFrequencies.forEach((frequency, i) => expect(frequency).toBeCloseTo(expected[i], 12))
})
