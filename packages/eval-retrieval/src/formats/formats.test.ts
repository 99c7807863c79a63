import { fc, test } from '@fast-check/vitest'
import { createRegistry, type LanguageModel, type Tokenizer } from '@skipwise/core'
import { byteTokenizer, describeEvalSuite, inductionModel } from '@skipwise/testing'
import { describe, expect, it } from 'vitest'
import { passkey } from '../index.js'
import type { PasskeyDetails } from '../results.js'
import { passkeyFormats } from './index.js'
import { numpyRandint } from './mersenne-twister.js'

const formatOf = (name: string) => passkeyFormats.find(format => format.name === name) as (typeof passkeyFormats)[0]
const NOISE = 'The grass is green. The sky is blue. The sun is yellow. Here we go. There and back again.'
const TASK =
  'There is an important info hidden inside a lot of irrelevant text. Find it and memorize them. I will quiz you about the important information there.'

/** Draws that are given. */
const drawing =
  (...values: number[]) =>
  () =>
    values.shift() as number

/**
 * Counts as LLaMA's tokenizer does (reference/peers.md, section 4.2): 31 for the task, 24 for a noise sentence with or
 * without a space before it, 17 to 25 for the key's line by digits, 10 for the question, 4 line ends, and BOS.
 */
const llamaCounts: Tokenizer = {
  ...byteTokenizer(),
  encode: text => {
    const lines = text.split('\n')
    const digits = (/The pass key is (\d+)\./.exec(text) as RegExpExecArray)[1].length
    expect(lines).toHaveLength(5)
    expect([lines[0], lines[4]]).toEqual([TASK, 'What is the pass key? The pass key is'])
    return new Int32Array(
      31 + Math.round(((lines[1].length + lines[3].length) / NOISE.length) * 24) + 15 + 2 * digits + 10 + 4
    )
  }
}

describe('prompts of published scripts, byte for byte', () => {
  it('pose-repo joins whole sentences without a space', () => {
    expect(formatOf('pose-repo').prompt(3, drawing(2, 123))).toEqual({
      prompt: `${TASK}\n${NOISE}${NOISE}\nThe pass key is 123. Remember it. 123 is the pass key.\n${NOISE}\nWhat is the pass key? The pass key is`,
      key: '123',
      before: 2 / 3
    })
  })

  it.each(['landmark', 'yarn', 'longlora', 'longrope'])(
    '%s cuts characters of noise, and begins it anew behind the key',
    name => {
      const noise = `${NOISE} ${NOISE} ${NOISE}`
      expect(formatOf(name).prompt(200, drawing(95, 50)).prompt).toBe(
        `${TASK}\n${noise.slice(0, 95)}\nThe pass key is 50. Remember it. 50 is the pass key.\n${noise.slice(0, 105)}\nWhat is the pass key? The pass key is`
      )
      expect(formatOf(name).prompt(0, drawing(0, 7)).prompt).toBe(
        `${TASK}\n\nThe pass key is 7. Remember it. 7 is the pass key.\n\nWhat is the pass key? The pass key is`
      )
    }
  )

  test.prop([fc.nat({ max: 3000 }), fc.nat({ max: 3000 })])(
    'noise has the characters asked for on each side',
    (before, after) => {
      const lines = formatOf('landmark')
        .prompt(before + after, drawing(before, 1))
        .prompt.split('\n')
      expect([lines[1], lines[3]]).toEqual([before, after].map(count => `${NOISE} `.repeat(40).slice(0, count)))
    }
  )
})

describe('lengths of published scripts', () => {
  // The table of reference/peers.md, section 4.2: what PoSE's lengths come to, for keys of five digits; its four places
  // that count a BOS too many stay.
  it.each([
    [2048, 1967],
    [4096, 3935],
    [8192, 7847],
    [16284, 15623],
    [32768, 31439]
  ])('pose-repo: %i are %i tokens', (length, real) => {
    const format = formatOf('pose-repo')
    const size = format.noiseSize(length, llamaCounts)
    expect(1 + llamaCounts.encode(format.prompt(size, drawing(Math.floor(size / 2), 12345)).prompt).length).toBe(real)
  })

  it('longlora and longrope: characters by a rule', () => {
    expect([4096, 8192, 16384, 32768].map(length => formatOf('longlora').noiseSize(length, llamaCounts))).toEqual([
      15360,
      30720,
      60416 + 1024,
      122880
    ])
    expect([4096, 32768].map(length => formatOf('longrope').noiseSize(length, llamaCounts))).toEqual([14950, 119603])
  })

  it('yarn: the last step of 128 characters that is shorter than the length', () => {
    const { encode } = byteTokenizer()
    const format = formatOf('yarn')
    for (const length of [400, 1000, 1001, 1128, 5000]) {
      const size = format.noiseSize(length, byteTokenizer())
      const tokens = (characters: number) => 1 + encode(format.prompt(characters, drawing(0, 10000)).prompt).length
      expect(size % 128).toBe(0)
      expect(tokens(size + 128)).toBeGreaterThanOrEqual(length)
      if (size > 0) expect(tokens(size)).toBeLessThan(length)
    }
  })
})

it('numpyRandint draws what numpy.random.seed(s); numpy.random.randint(0, 15360); numpy.random.randint(1, 50000) draw', () => {
  // numpy 2, RandomState
  const drawn = [0, 1].map(seed => {
    const draw = numpyRandint(seed)
    return [draw(0, 15359), draw(1, 49999)]
  })
  expect(drawn).toEqual([
    [2732, 43568],
    [13349, 33004]
  ])
})

describe.each(passkeyFormats.map(({ name }) => name))('the passkey suite in format %s', format => {
  describeEvalSuite(passkey, { config: { lengths: [600, 900], trials: 3, format } })

  it('asks as often as the script, and hears a right answer', async () => {
    const { decode, encode } = byteTokenizer()
    const knowing: LanguageModel = {
      ...inductionModel(),
      async *generate(ids) {
        yield* encode(
          `${format === 'longlora' ? '' : ' '}${(/key is (\d+)\./.exec(decode(ids)) as RegExpExecArray)[1]}`
        )
      }
    }
    const suite = createRegistry()
      .register(passkey)
      .resolve('eval-suite', 'passkey', { lengths: [600], format })
    const context = { seed: 0, resolvePath: (path: string) => path }
    const {
      lengths: [measured]
    } = (await suite.run(knowing, context)).details as PasskeyDetails
    expect([measured.trials.length, measured.accuracy]).toEqual([formatOf(format).trials, 1])
    const {
      lengths: [other]
    } = (await suite.run(inductionModel({ window: 8 }), context)).details as PasskeyDetails
    expect(other.accuracy).toBe(0)
  })
})
