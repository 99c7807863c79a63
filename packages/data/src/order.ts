import { permutation, SkipwiseError } from '@skipwise/core'
import { subset, type Corpus } from './corpus.js'

/** Which epoch of which seed, and how documents become examples. */
export interface OrderOptions {
  readonly seed: number
  readonly epoch: number
  /**
   * A document of n tokens gives max(1, ⌊n / spanTokens⌋) examples, one from each of as many spans of nearly equal
   * length: long documents give more examples, every span of a document with at least `spanTokens` tokens has that
   * many, and every token lies in exactly one span. Without it a document gives one example.
   */
  readonly spanTokens?: number | undefined
}

/** A part of a document: tokens [start, end). */
export interface Span {
  readonly document: number
  readonly start: number
  readonly end: number
}

/** The examples of one epoch in a seeded order. */
export interface ExampleOrder {
  /** Examples of an epoch: the same in every epoch. */
  readonly length: number
  /** Which span example `index` of this epoch is taken from. @throws SkipwiseError `DATA_EXAMPLE_RANGE` */
  span(index: number): Span
  /** The token ids of that span, [n], a view. @throws SkipwiseError `DATA_EXAMPLE_RANGE` */
  ids(index: number): Int32Array
  /**
   * Which tokens of that span are learned, [n], a view; undefined where all of the corpus are: see `Corpus.learned`.
   *
   * @throws SkipwiseError `DATA_EXAMPLE_RANGE`
   */
  learned(index: number): Uint8Array | undefined
}

/**
 * The order of the examples of an epoch: a permutation of all spans of all documents. Which span example `index` has
 * depends on the corpus, the seed, the epoch and `index` alone, so a resumed run goes on where it was without
 * replaying.
 */
export function exampleOrder(corpus: Corpus, { seed, epoch, spanTokens = Infinity }: OrderOptions): ExampleOrder {
  const spansOf = (document: number) => Math.max(1, Math.floor(corpus.tokensOf(document) / spanTokens))
  // firstExample[d]: number of spans in the documents before d.
  const firstExample = new Float64Array(corpus.length + 1)
  for (let document = 0; document < corpus.length; document++)
    firstExample[document + 1] = firstExample[document] + spansOf(document)
  const length = firstExample[corpus.length]
  const order = permutation(length, { seed, stream: 'example-order', epoch })

  const span = (index: number): Span => {
    if (!(Number.isInteger(index) && index >= 0 && index < length)) {
      throw new SkipwiseError('DATA_EXAMPLE_RANGE', {
        problem: `there is no example ${index}: an epoch has ${length}`,
        fix: 'go to the next epoch'
      })
    }
    const number = order[index]
    const document = lastAtMost(firstExample, number)
    const tokens = corpus.tokensOf(document)
    const spans = spansOf(document)
    const at = number - firstExample[document]
    return { document, start: Math.floor((at * tokens) / spans), end: Math.floor(((at + 1) * tokens) / spans) }
  }
  return Object.freeze({
    length,
    span,
    ids(index: number) {
      const { document, start, end } = span(index)
      return corpus.document(document).subarray(start, end)
    },
    learned(index: number) {
      const { document, start, end } = span(index)
      return corpus.learned(document)?.subarray(start, end)
    }
  })
}

/** The last i with sorted[i] ≤ value; every document has a span, so it is never the end of the list. */
function lastAtMost(sorted: Float64Array, value: number): number {
  let low = 0
  let high = sorted.length - 1
  while (high - low > 1) {
    const middle = (low + high) >>> 1
    if (sorted[middle] <= value) low = middle
    else high = middle
  }
  return low
}

/** How many documents to hold out, chosen by which seed. */
export interface SplitOptions {
  /** Below 1 a fraction of the documents (rounded, at least one), otherwise a number of documents; > 0. */
  readonly holdOut: number
  readonly seed: number
}

/**
 * Splits a corpus into whole documents for training and documents held out, each in the order of the corpus.
 *
 * @throws SkipwiseError `DATA_SPLIT` when one side would be empty
 */
export function splitDocuments(
  corpus: Corpus,
  { holdOut, seed }: SplitOptions
): { readonly train: Corpus; readonly heldOut: Corpus } {
  const count = holdOut < 1 ? Math.max(1, Math.round(holdOut * corpus.length)) : holdOut
  if (!(holdOut > 0 && Number.isInteger(count) && count < corpus.length)) {
    throw new SkipwiseError('DATA_SPLIT', {
      problem: `cannot hold out ${holdOut} of ${corpus.length} documents`,
      fix: 'hold out a fraction in (0, 1) or a whole number of documents, fewer than there are'
    })
  }
  const shuffled = permutation(corpus.length, { seed, stream: 'hold-out' })
  return {
    heldOut: subset(corpus, shuffled.slice(0, count).sort()),
    train: subset(corpus, shuffled.slice(count).sort())
  }
}
