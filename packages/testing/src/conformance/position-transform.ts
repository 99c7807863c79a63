import {
  type ExampleDraw,
  type Plugin,
  type PositionedExample,
  type PositionTransform,
  type StandardSchemaV1,
  type Window
} from '@skipwise/core'
import { describe, expect, test } from 'vitest'
import { codeOf } from '../code-of.js'

/** What {@link describePositionTransform} runs over. */
export interface PositionTransformConformance {
  /** Configurations to try, as a user would write them; `[{}]` if not given. */
  readonly configs?: readonly unknown[]
  /** Windows to try; from one token to 2,048 → 16,384 if not given. */
  readonly windows?: readonly Window[]
}

const usualWindows: readonly Window[] = [
  { original: 2048, target: 16384 },
  { original: 64, target: 65 },
  { original: 16, target: 16 },
  { original: 7, target: 100 }
]

/** Targets up to which every distance of every example is counted. */
const LARGEST_COUNTED = 100

const draws: readonly ExampleDraw[] = [0, 1, 2 ** 40].flatMap(seed =>
  [0, 3].flatMap(epoch => Array.from({ length: 8 }, (_, index) => ({ seed, epoch, index })))
)

/**
 * The conformance suite of position transforms; call it in a vitest file. It holds a plugin to what training relies on:
 * T tokens of the document in their order, `ids[t] === document[sources[t]]`, strictly increasing position ids below
 * the target, a label mask of 0 and 1 that begins with 0, the same example for the same draw in any order and others in
 * every epoch, an untouched document, a coverage that is true, and coded errors.
 *
 * @example
 * ```ts
 * describePositionTransform(pose, { configs: [{}, { chunks: 3, content: 'aligned' }] })
 * ```
 */
export function describePositionTransform<Schema extends StandardSchemaV1>(
  plugin: Plugin<'position-transform', string, Schema, PositionTransform>,
  { configs = [{}], windows = usualWindows }: PositionTransformConformance = {}
): void {
  describe(`position transform '${plugin.name}'`, () => {
    test('is a frozen plugin of this kind', () => {
      expect(plugin.kind).toBe('position-transform')
      expect(Object.isFrozen(plugin)).toBe(true)
      expect(plugin.summary).toMatch(/\S/)
    })
    for (const config of configs) {
      for (const window of windows) {
        const create = () => plugin(config)
        describe(`${JSON.stringify(config)}, ${window.original} → ${window.target}`, () =>
          describeWindow(create, window))
      }
    }
  })
}

function describeWindow(create: () => PositionTransform, window: Window): void {
  // Token ids rise with the place in the document, so the order of the ids tells the places of the tokens.
  const documentOf = (length: number) => Int32Array.from({ length }, (_, place) => 10 + 3 * place)
  const T = () => create().exampleLength?.(window) ?? window.original
  const lengths = () =>
    [create().minimumTokens(window), T() * 2 + 1, window.target * 2].map(length =>
      Math.max(length, create().minimumTokens(window))
    )

  test('makes T tokens of the document, in order, at strictly increasing positions below the target', () => {
    for (const length of lengths()) {
      const document = documentOf(length)
      for (const draw of draws) {
        const example = create().example(document, window, draw)
        checkExample(example, T(), window)
        expect(example.ids.every(id => (id - 10) % 3 === 0 && id >= 10 && id < 10 + 3 * length)).toBe(true)
        expect(isRising(example.ids)).toBe(true)
      }
      expect(document).toEqual(documentOf(length))
    }
  })

  test('says where in the document each token comes from, also where tokens repeat', () => {
    for (const length of lengths()) {
      for (const document of [documentOf(length), documentOf(length).map(id => id % 7)]) {
        for (const draw of draws) {
          const { ids, sources } = create().example(document, window, draw)
          expect(sources).toBeInstanceOf(Int32Array)
          expect(sources).toHaveLength(ids.length)
          // far quicker than to compare two arrays by an assertion
          expect(ids.every((id, t) => document[sources[t]] === id) && isRising(sources)).toBe(true)
        }
      }
    }
  })

  test('makes the same example of the same draw, in any order and by any instance', () => {
    const document = documentOf(lengths()[2])
    const instance = create()
    const inOrder = draws.map(draw => instance.example(document, window, draw))
    const texts = inOrder.map(textOf)
    expect(
      [...draws]
        .reverse()
        .map(draw => textOf(create().example(document, window, draw)))
        .reverse()
    ).toEqual(texts)
    // an instance must not hand out arrays that it keeps
    for (const example of inOrder) [example.ids, example.sources].forEach(values => values.fill(-1))
    expect(draws.map(draw => textOf(instance.example(document, window, draw)))).toEqual(texts)
  })

  test('draws again in every epoch, unless it draws nothing', () => {
    const document = documentOf(Math.max(create().minimumTokens(window), 2 * window.target))
    const transform = create()
    const texts = (epoch: number) =>
      Array.from({ length: 20 }, (_, index) => textOf(transform.example(document, window, { seed: 0, epoch, index })))
    if (new Set(texts(0)).size > 1) expect(texts(1)).not.toEqual(texts(0))
  })

  test('gives a coverage, if any, that its examples have', () => {
    const exact = create().coverage?.(window)
    if (!exact) return
    expect(exact).toHaveLength(window.target)
    expect(exact.every(p => p >= 0 && p <= 1 + 1e-12)).toBe(true)
    if (window.target > LARGEST_COUNTED) return
    const examples = 3000
    const document = documentOf(Math.max(create().minimumTokens(window), window.target + 1))
    const counts = new Float64Array(window.target)
    const transform = create()
    for (let index = 0; index < examples; index++) {
      const { positionIds } = transform.example(document, window, { seed: 0, epoch: 0, index })
      const held = new Set<number>()
      positionIds.forEach((later, t) => positionIds.subarray(0, t + 1).forEach(earlier => held.add(later - earlier)))
      for (const distance of held) counts[distance]++
    }
    exact.forEach((p, distance) => {
      const deviation = Math.sqrt((p * (1 - p)) / examples)
      expect(Math.abs(counts[distance] / examples - p), `distance ${distance}`).toBeLessThan(5 * deviation + 1e-9)
    })
  })

  test('refuses a document that is too short and windows that are impossible', () => {
    const short = documentOf(create().minimumTokens(window) - 1)
    expect(codeOf(() => create().example(short, window, draws[0]))).toBe('POSITIONS_DOCUMENT_SHORT')
    for (const bad of [
      { original: 0, target: 8 },
      { original: 16, target: 8 },
      { original: 2.5, target: 8 },
      { original: 8, target: 2 ** 32 }
    ]) {
      expect(
        codeOf(() => create().example(documentOf(64), bad, draws[0])),
        JSON.stringify(bad)
      ).toBe('POSITIONS_WINDOW')
    }
  })
}

function checkExample({ ids, positionIds, labelMask }: PositionedExample, T: number, { target }: Window): void {
  expect(ids).toBeInstanceOf(Int32Array)
  expect(positionIds).toBeInstanceOf(Int32Array)
  expect(labelMask).toBeInstanceOf(Uint8Array)
  expect([ids.length, positionIds.length, labelMask.length]).toEqual([T, T, T])
  expect(isRising(positionIds)).toBe(true)
  expect(positionIds[0]).toBeGreaterThanOrEqual(0)
  expect(positionIds[T - 1]).toBeLessThan(target)
  expect(labelMask[0]).toBe(0)
  expect(labelMask.every(label => label === 0 || label === 1)).toBe(true)
}

/** An example as one string: far quicker to compare than thousands of elements. */
const textOf = ({ ids, positionIds, labelMask, sources }: PositionedExample) =>
  [ids, positionIds, labelMask, sources].join('|')

const isRising = (values: Int32Array) => values.every((value, i) => i === 0 || value > values[i - 1])
