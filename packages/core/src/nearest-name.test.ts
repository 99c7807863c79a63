import { fc, test } from '@fast-check/vitest'
import { describe, expect } from 'vitest'
import { nearestName } from './nearest-name.js'

const schemes = ['none', 'linear', 'ntk', 'yarn', 'yarn-revised', 'llama3', 'longrope']
const name = fc.stringMatching(/^[a-z][a-z0-9-]{0,11}$/)

describe('nearestName', () => {
  test.each([
    ['yrn', 'yarn'],
    ['YaRN', 'yarn'],
    ['liner', 'linear'],
    ['long-rope', 'longrope'],
    ['yarn_revised', 'yarn-revised'],
    ['llama31', 'llama3']
  ])('%s is near %s', (typed, expected) => expect(nearestName(typed, schemes)).toBe(expected))

  test.each(['exponential', 'dynamic', ''])("'%s' is near nothing", typed =>
    expect(nearestName(typed, schemes)).toBeUndefined()
  )

  test.prop([fc.uniqueArray(name, { minLength: 1, maxLength: 8 }), fc.nat()])(
    'finds a candidate itself, in any case',
    (candidates, i) => {
      const candidate = candidates[i % candidates.length]
      expect(nearestName(candidate, candidates)).toBe(candidate)
      expect(nearestName(candidate.toUpperCase(), candidates)).toBe(candidate)
    }
  )

  test.prop([name, fc.nat(), fc.constantFrom('insert', 'delete', 'replace')])(
    'finds a name one slip away',
    (candidate, place, slip) => {
      const at = place % candidate.length
      const typed =
        candidate.slice(0, at) + (slip === 'delete' ? '' : '_') + candidate.slice(slip === 'insert' ? at : at + 1)
      expect(nearestName(typed, [candidate])).toBe(candidate)
    }
  )

  test.prop([fc.string({ maxLength: 10 }), fc.array(name, { maxLength: 6 })])(
    'answers with a candidate or nothing, the first of equals',
    (typed, candidates) => {
      const found = nearestName(typed, candidates)
      if (found !== undefined) expect(candidates).toContain(found)
      expect(nearestName(typed, [...candidates, ...candidates])).toBe(found)
    }
  )

  test('does not compare names of megabytes', () => {
    expect(nearestName(`yarn${'n'.repeat(20e6)}`, schemes)).toBeUndefined()
  })

  test('has nothing to say without candidates', () => {
    expect(nearestName('yarn', [])).toBeUndefined()
  })
})
