import { randomStream, type PositionTransform, type TrainingExample, type Window } from '@skipwise/core'
import { exampleOrder, type Corpus, type ExampleOrder } from '@skipwise/data'
import { packedExample, packedOrder, type PackedOrder } from './packed-examples.js'
import { documentOf, placeDocument, type OrderedDocument } from './place-document.js'

/** Documents and their share of the examples. */
export interface WeightedCorpus {
  readonly corpus: Corpus
  readonly weight: number
  /** Put documents shorter than the window together into one example, instead of leaving them out. */
  readonly pack?: boolean
}

/**
 * Example number `index` of a run, a pure function of its arguments: the source is drawn by weight, the document by the
 * order of the source's own epochs, positions and content by the transform. One source is walked epoch by epoch without
 * a draw.
 *
 * @param total examples of the whole run
 */
export function createExamples(
  sources: readonly WeightedCorpus[],
  transform: PositionTransform,
  window: Window,
  seed: number,
  total: number
): (index: number) => TrainingExample {
  const { sourceOf, ordinalOf } = assignSources(
    sources.map(source => source.weight),
    seed,
    total
  )
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
  const rows = sources.map((_, source) => createRows(epoch => packedOrder(orderOf(source, epoch), window)))
  return index => {
    const source = sourceOf[index]
    const ordinal = ordinalOf[index]
    if (sources[source].pack) return packedExample(rows[source](ordinal), transform, window, { seed, index })
    const { length } = orderOf(source, 0)
    const document = documentOf(orderOf(source, Math.floor(ordinal / length)), ordinal % length)
    // `index` is of the whole run, so draws differ between sources and between epochs
    return placeDocument(document, transform, window, { seed, epoch: 0, index })
  }
}

/**
 * Documents of row `ordinal` of a source, whose epochs have different numbers of rows: where an epoch begins is found
 * by packing those before it.
 */
function createRows(orderOf: (epoch: number) => PackedOrder): (ordinal: number) => OrderedDocument[] {
  const starts = [0]
  let current: { readonly epoch: number; readonly order: PackedOrder } | undefined
  return ordinal => {
    const orderAt = (epoch: number) =>
      (current?.epoch === epoch ? current : (current = { epoch, order: orderOf(epoch) })).order
    while (starts[starts.length - 1] <= ordinal)
      starts.push(starts[starts.length - 1] + orderAt(starts.length - 1).length)
    let epoch = starts.length - 2
    while (starts[epoch] > ordinal) epoch--
    return orderAt(epoch).documents(ordinal - starts[epoch])
  }
}

/** Which source each example comes from, and which of that source's examples it is. */
export function assignSources(
  weights: readonly number[],
  seed: number,
  total: number
): { readonly sourceOf: Uint16Array; readonly ordinalOf: Uint32Array } {
  const sourceOf = new Uint16Array(total)
  const ordinalOf = new Uint32Array(total)
  const counts = new Uint32Array(weights.length)
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
