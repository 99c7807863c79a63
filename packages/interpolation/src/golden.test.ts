// Golden values made by tools/golden/interpolation.py: transformers and the code of the YaRN repository, in float32.
import { readFileSync } from 'node:fs'
import { createRegistry, type PluginReference } from '@skipwise/core'
import { describe, expect, test } from 'vitest'
import { convertConfig, interpolationPlugins, readHuggingFaceRope } from './index.js'

interface Golden {
  readonly scheme: PluginReference
  readonly attention_factor: number
}
interface Converted extends Golden {
  readonly file: Record<string, unknown> & { max_position_embeddings: number }
  readonly keys: 'old' | 'new'
  readonly config: Record<string, unknown>
  readonly inverse_frequencies: readonly [readonly number[], readonly number[]]
}
interface Published extends Golden {
  readonly rotaryDim: number
  readonly originalLength: number
  readonly targetLength: number
  readonly length: number | null
  readonly inverse_frequencies: readonly number[]
}

const golden = <T>(name: string): readonly T[] =>
  JSON.parse(readFileSync(new URL(`../test/golden/${name}.json`, import.meta.url), 'utf8')).cases
const registry = createRegistry().register(...interpolationPlugins)
const resolve = (reference: PluginReference) => registry.resolveUnknown('interpolation', reference)
/** float32 there: 2⁻²⁴ a rounding, a few of them. */
const expectNear = (actual: ArrayLike<number>, expected: readonly number[]) => {
  expect(actual).toHaveLength(expected.length)
  expected.forEach((value, i) => expect(Math.abs(actual[i] / value - 1), `i = ${i}`).toBeLessThan(1e-6))
}

describe('files that were converted, loaded by transformers', () => {
  const cases = golden<Converted>('converted')
  test('there are 42', () => expect(cases).toHaveLength(42))
  test.each(cases.map((each, i) => [`${i}: ${JSON.stringify(each.scheme)}, ${each.keys} keys`, each] as const))(
    'case %s',
    (_, { scheme, file, keys, config, inverse_frequencies: [short, long], attention_factor }) => {
      const written = convertConfig(file, { to: 'transformers', scheme, keys }, resolve).config
      // the file is the one that transformers was given
      expect(JSON.parse(JSON.stringify(written))).toEqual(config)
      const { geometry } = readHuggingFaceRope(file)
      const computed = resolve(scheme).frequencies(geometry)
      expectNear(computed.inverseFrequencies, short)
      expectNear(computed.inverseFrequencies, long)
      expectNear([computed.attentionFactor], [attention_factor])
    }
  )
})

describe('the code of the YaRN repository', () => {
  test.each(
    golden<Published>('yarn-repository').map(
      (each, i) =>
        [
          `${i}: ${JSON.stringify(each.scheme)}, ${each.originalLength} → ${each.targetLength} at ${each.length}`,
          each
        ] as const
    )
  )('case %s', (_, each) => {
    const { scheme, rotaryDim, originalLength, targetLength, length, inverse_frequencies, attention_factor } = each
    const computed = resolve(scheme).frequencies({
      rotaryDim,
      base: 10000,
      originalLength,
      targetLength,
      ...(length === null ? {} : { length })
    })
    expectNear(computed.inverseFrequencies, inverse_frequencies)
    expectNear([computed.attentionFactor], [attention_factor])
  })
})
