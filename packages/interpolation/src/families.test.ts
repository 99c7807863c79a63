// Golden values made by tools/golden/rope_families.py: the published config.json of many families in transformers, in
// float32.
import { readFileSync } from 'node:fs'
import { createRegistry, type PluginReference } from '@skipwise/core'
import { describe, expect, test } from 'vitest'
import { diagnoseRope, interpolationPlugins, readHuggingFaceRopes, stacks, type Stack } from './index.js'

interface Table {
  readonly short: readonly number[]
  readonly long?: readonly number[]
  readonly attention_factor: number
}
type Config = Readonly<Record<string, unknown>>

const read = (name: string) => JSON.parse(readFileSync(new URL(`../test/golden/${name}.json`, import.meta.url), 'utf8'))
const families: Readonly<Record<string, Config>> = read('families')
const golden: Readonly<Record<string, Readonly<Record<string, Table>>>> = read('families-by-transformers').families
const registry = createRegistry().register(...interpolationPlugins)
const resolve = (reference: PluginReference) => registry.resolveUnknown('interpolation', reference)

/** float32 there: a few roundings. */
function expectNear(actual: ArrayLike<number>, expected: readonly number[]): void {
  expect(actual).toHaveLength(expected.length)
  expected.forEach((value, i) => expect(Math.abs(actual[i] / value - 1), `i = ${i}`).toBeLessThan(2e-6))
}

/** Longer than every window of the files. */
const LONG = 2 ** 26

describe('frequencies and attention factors are those of transformers', () => {
  test('of more than forty families', () => expect(Object.keys(golden).length).toBeGreaterThan(40))
  test.each(Object.keys(families))('%s', name => {
    const readings = readHuggingFaceRopes(families[name])
    expect(readings.map(({ layerType = '' }) => layerType).sort()).toEqual(Object.keys(golden[name]).sort())
    for (const { layerType = '', reading } of readings) {
      const expected = golden[name][layerType]
      if (!reading) throw new Error(`${name} has no RoPE`)
      const { geometry, ...reference } = reading
      // the golden value of a RoPE that follows the length is that of twice the window
      const long = reading.name === 'dynamic-ntk' ? 2 * Number(families[name]['max_position_embeddings']) : LONG
      const at = (length: number) => resolve(reference).frequencies({ ...geometry, length })
      expectNear(at(16).inverseFrequencies, expected.short)
      expectNear(at(long).inverseFrequencies, expected.long ?? expected.short)
      expect(at(16).attentionFactor).toBeCloseTo(expected.attention_factor, 6)
    }
  })
})

/** What is wrong with a published file, by stack; all else is sound. */
const wrongs: Readonly<Record<string, Partial<Record<Stack, readonly string[]>>>> = {
  'EleutherAI/gpt-j-6b': { 'llama.cpp': ['llama-cpp-inexpressible'] },
  'adept/persimmon-8b-base': { 'llama.cpp': ['llama-cpp-inexpressible'] },
  // llama.cpp always truncates the ramp
  'openai/gpt-oss-20b': { 'llama.cpp': ['llama-cpp-inexpressible'] },
  'dynamic-ntk': { vllm: ['vllm-static-dynamic'], 'llama.cpp': ['llama-cpp-inexpressible'] }
}

describe('verdicts on published files', () => {
  test.each(
    Object.keys(families).flatMap(name =>
      stacks.filter(stack => stack !== 'litgpt').map(stack => [name, stack] as const)
    )
  )('%s in %s', (name, stack) => {
    const { findings } = diagnoseRope(families[name], { stack })
    const wrong = findings.filter(({ level }) => level === 'wrong').map(({ rule }) => rule)
    expect(wrong).toEqual(wrongs[name]?.[stack] ?? [])
  })
})
