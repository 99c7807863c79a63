import {
  SkipwiseError,
  type ExampleDraw,
  type PositionedExample,
  type PositionTransform,
  type Window
} from '@skipwise/core'
import type { ExampleOrder } from '@skipwise/data'

/** A document of an epoch, or a part of one, as an example is made of it. */
export interface OrderedDocument {
  /** Token ids, [n]. */
  readonly ids: Int32Array
  /** 1 for tokens that are learned, else 0, [n]; undefined where all are. */
  readonly learned: Uint8Array | undefined
}

/** Document `index` of an epoch. */
export const documentOf = (order: ExampleOrder, index: number): OrderedDocument => ({
  ids: order.ids(index),
  learned: order.learned(index)
})

/**
 * The example that a transform makes of a document: no label counts of a token that is not learned, wherever the
 * transform puts it.
 *
 * @throws SkipwiseError `RECIPE_DATA` for a transform that does not say where its tokens come from, and what it throws
 */
export function placeDocument(
  { ids: document, learned }: OrderedDocument,
  transform: PositionTransform,
  window: Window,
  draw: ExampleDraw
): PositionedExample {
  const example = transform.example(document, window, draw)
  if (!learned) return example
  const { ids, sources, labelMask } = example
  if (!comesFrom(document, ids, sources)) throw sourcesError()
  return { ...example, labelMask: labelMask.map((flag, t) => flag & learned[sources[t]]) }
}

/** A plugin of an earlier version gives no sources. */
const comesFrom = (document: Int32Array, ids: Int32Array, sources: Int32Array | undefined) =>
  sources !== undefined && ids.every((id, t) => document[sources[t]] === id)

const sourcesError = () =>
  new SkipwiseError('RECIPE_DATA', {
    problem: 'the position transform returns sources that do not match its tokens, so prompts cannot be masked',
    fix: 'use another transform, or correct it: run describePositionTransform of @skipwise/testing on it'
  })
