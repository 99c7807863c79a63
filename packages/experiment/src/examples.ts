import { randomStream, type PositionedExample, type PositionTransform, type Window } from '@skipwise/core'
import { exampleOrder, type Corpus, type ExampleOrder } from '@skipwise/data'

/** Documents and their share of the examples. */
export interface WeightedCorpus {
  readonly corpus: Corpus
  readonly weight: number
}

/**
 * Example number `index` of a run, a pure function of its arguments: the source is drawn by weight, the document by the order of the
 * source's own epochs, positions and content by the transform. One source is walked epoch by epoch without a draw.
 *
 * @param total examples of the whole run
 */
export function createExamples(sources: readonly WeightedCorpus[], transform: PositionTransform, window: Window, seed: number, total: number): (index: number) => PositionedExample {
  const { sourceOf, ordinalOf } = assignSources(sources.map(source => source.weight), seed, total)
  const orders = new Map<string, ExampleOrder>()
  const orderOf = (source: number, epoch: number) => {
    const key = `${source} ${epoch}`
    let order = orders.get(key)
    if (!order) {
      orders.set(key, (order = exampleOrder(sources[source].corpus, { seed, epoch, spanTokens: window.target })))
      // an epoch that is over is not asked for again
      orders.delete(`${source} ${epoch - 2}`)
    }
    return order
  }
  return index => {
    const source = sourceOf[index], ordinal = ordinalOf[index], { length } = orderOf(source, 0)
    const ids = orderOf(source, Math.floor(ordinal / length)).ids(ordinal % length)
    // `index` is of the whole run, so draws differ between sources and between epochs
    return transform.example(ids, window, { seed, epoch: 0, index })
  }
}

/** Which source each example comes from, and which of that source's examples it is. */
export function assignSources(weights: readonly number[], seed: number, total: number): { readonly sourceOf: Uint16Array; readonly ordinalOf: Uint32Array } {
  const sourceOf = new Uint16Array(total), ordinalOf = new Uint32Array(total), counts = new Uint32Array(weights.length)
  const sum = weights.reduce((a, b) => a + b, 0)
  for (let index = 0; index < total; index++) {
    let source = 0
    if (weights.length > 1) {
      let left = randomStream({ seed, stream: 'mixture', index }).uniform() * sum
      while (source + 1 < weights.length && (left -= weights[source]) >= 0) source++
    }
    sourceOf[index] = source
    ordinalOf[index] = counts[source]++
  }
  return { sourceOf, ordinalOf }
}
