import type { PositionTransform, TrainingExample, Window } from '@skipwise/core'
import { packRows, type ExampleOrder } from '@skipwise/data'
import { documentOf, placeDocument, type OrderedDocument } from './place-document.js'

/** The rows of packed documents that an epoch has: every document once. */
export interface PackedOrder {
  readonly length: number
  /** The documents of a row. */
  documents(row: number): OrderedDocument[]
}

/** Packs the documents of an epoch into rows of the original window. */
export function packedOrder(order: ExampleOrder, { original }: Window): PackedOrder {
  const lengths = Float64Array.from({ length: order.length }, (_, i) => {
    const { start, end } = order.span(i)
    return end - start
  })
  const rows = packRows(lengths, original)
  return { length: rows.length, documents: row => rows[row].map(index => documentOf(order, index)) }
}

/**
 * An example of several documents: each is placed by the transform as an example of its own length, so its positions
 * skip up to the target as those of a whole window do. What is left of the row is padding, a document of its own that
 * no label counts in.
 */
export function packedExample(
  documents: readonly OrderedDocument[],
  transform: PositionTransform,
  window: Window,
  draw: { readonly seed: number; readonly index: number }
): TrainingExample {
  const { original, target } = window
  if (documents.length === 1 && documents[0].ids.length >= original)
    return placeDocument(documents[0], transform, window, { ...draw, epoch: 0 })
  const ids = new Int32Array(original)
  const positionIds = new Int32Array(original)
  const labelMask = new Uint8Array(original)
  const documentIds = new Int32Array(original)
  let at = 0
  documents.forEach((document, i) => {
    // `index` is of the whole run: the place in the row tells its documents apart
    const { length } = document.ids
    const part = placeDocument(document, transform, { original: length, target }, { ...draw, epoch: i })
    ids.set(part.ids, at)
    positionIds.set(part.positionIds, at)
    labelMask.set(part.labelMask, at)
    documentIds.fill(i, at, at + length)
    at += length
  })
  documentIds.fill(documents.length, at)
  for (let t = at; t < original; t++) positionIds[t] = t - at
  return { ids, positionIds, labelMask, documentIds }
}
