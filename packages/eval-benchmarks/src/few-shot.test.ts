import { describe, expect, test } from 'vitest'
import { drawFewShots } from './few-shot.js'
import { harnessProfiles } from './profiles.js'
import { PythonRandom } from './python/random.js'

const rows = (n: number, name: string) => Array.from({ length: n }, (_, i) => `${name} ${i}`)

// random.Random of CPython 3.11, and the draws of the harness at both commits (shared/reference/peers.md §3).
describe('PythonRandom', () => {
  test('samples from a set as CPython', () => {
    const random = new PythonRandom(1234)
    expect(random.sample(1119, 25)).toEqual([
      902, 239, 15, 185, 71, 171, 201, 726, 484, 35, 63, 32, 708, 991, 949, 304, 186, 374, 234, 29, 1030, 996, 511, 132,
      1108
    ])
    expect(random.sample(1119, 25).slice(0, 6)).toEqual([954, 140, 182, 1054, 94, 552])
  })

  test('samples and shuffles small ranges as CPython', () => {
    // test/python.py
    expect(new PythonRandom(7).sample(60, 25)).toEqual([
      20, 9, 25, 41, 3, 4, 52, 34, 6, 23, 37, 55, 32, 13, 2, 5, 27, 26, 54, 15, 44, 35, 43, 48, 7
    ])
    expect(new PythonRandom(2 ** 40 + 3).sample(100000, 5)).toEqual([28807, 7973, 72019, 12400, 74239])
    const items = Array.from({ length: 12 }, (_, i) => i)
    new PythonRandom(42).shuffle(items)
    expect(items).toEqual([7, 5, 2, 8, 9, 6, 11, 3, 4, 0, 1, 10])
  })
})

describe('drawFewShots', () => {
  const profile = harnessProfiles['0.4.9.2+']

  test('draws as the harness: ARC-Challenge, 25', () => {
    const draws = [
      ...drawFewShots(rows(1172, 'q'), rows(1119, 't'), { profile, shots: 25, drawsSpare: false, limit: 2 })
    ]
    expect(draws[0].examples.slice(0, 5)).toEqual([902, 239, 15, 185, 71])
    expect(draws[1].examples.slice(0, 6)).toEqual([954, 140, 182, 1054, 94, 552])
  })

  test('draws as the harness: HellaSwag, one to spare', () => {
    const draws = [
      ...drawFewShots(rows(10042, 'q'), rows(39905, 't'), { profile, shots: 10, drawsSpare: true, limit: 2 })
    ]
    expect(draws.map(({ examples }) => examples)).toEqual([
      [28883, 7657, 490, 5940, 38156, 2288, 5500, 6450, 23241, 15519],
      [2019, 1038, 22681, 31735, 30379, 9735, 5982, 11999, 7498, 958]
    ])
  })

  test('draws as the Open LLM Leaderboard: questions shuffled by the same generator', () => {
    const leaderboard = { profile: harnessProfiles.b281b09, limit: 5 }
    const arc = [...drawFewShots(rows(1172, 'q'), rows(1119, 't'), { ...leaderboard, shots: 25, drawsSpare: false })]
    expect(arc.map(({ index }) => index)).toEqual([595, 716, 511, 906, 148])
    expect(arc[0].examples.slice(0, 6)).toEqual([888, 201, 205, 908, 340, 613])
    const hellaswag = [
      ...drawFewShots(rows(10042, 'q'), rows(39905, 't'), { ...leaderboard, shots: 10, drawsSpare: true })
    ]
    expect(hellaswag.map(({ index }) => index).slice(0, 3)).toEqual([9792, 1027, 5366])
    expect(hellaswag[0].examples.slice(0, 3)).toEqual([3656, 36651, 3421])
  })

  test('leaves the question itself out, also where it stands in the data twice', () => {
    const training = rows(12, 't')
    const options = { profile, shots: 5, drawsSpare: true }
    for (const twice of [false, true]) {
      const pool = twice ? [...training, 't 3', 't 3', 't 3'] : training
      for (const { examples } of drawFewShots(Array<string>(40).fill('t 3'), pool, options)) {
        expect(examples).toHaveLength(5)
        expect(new Set(examples).size).toBe(5)
        for (const i of examples) expect(pool[i]).not.toBe('t 3')
      }
    }
  })
})
