import { fc, test } from '@fast-check/vitest'
import { describe, expect, it } from 'vitest'
import { countingTokenizer } from '../test/helpers.js'
import { tokenizeDocuments } from './corpus.js'
import { exampleOrder, splitDocuments } from './order.js'

const corpusOfLengths = (lengths: readonly number[]) =>
  tokenizeDocuments(
    lengths.map((length, i) => ({ text: String.fromCharCode(97 + (i % 26)).repeat(length), source: `${i}` })),
    countingTokenizer(),
    { minTokens: 0 }
  )

const lengths = fc.array(fc.integer({ min: 1, max: 200 }), { minLength: 1, maxLength: 30 })

describe('exampleOrder', () => {
  test.prop([lengths, fc.integer({ min: 1, max: 100 }), fc.nat(), fc.nat(1000)])(
    'an epoch takes every token of every document once',
    async (lengths, spanTokens, seed, epoch) => {
      const corpus = await corpusOfLengths(lengths)
      const order = exampleOrder(corpus, { seed, epoch, spanTokens })
      const taken = lengths.map(length => new Uint8Array(length))
      for (let i = 0; i < order.length; i++) {
        const { document, start, end } = order.span(i)
        expect(order.ids(i)).toEqual(corpus.document(document).subarray(start, end))
        if (lengths[document] >= spanTokens) expect(end - start).toBeGreaterThanOrEqual(spanTokens)
        expect(end - start).toBeLessThan(
          2 * Math.max(spanTokens, lengths[document] < spanTokens ? lengths[document] : 0)
        )
        for (let t = start; t < end; t++) taken[document][t]++
      }
      expect(taken.every(counts => counts.every(count => count === 1))).toBe(true)
      expect(order.length).toBe(lengths.reduce((sum, length) => sum + Math.max(1, Math.floor(length / spanTokens)), 0))
    }
  )

  test.prop([lengths, fc.nat(), fc.nat(100)])(
    'is a function of seed and epoch; without spans a document is one example',
    async (lengths, seed, epoch) => {
      const corpus = await corpusOfLengths(lengths)
      const documents = (order: { length: number; span(i: number): { document: number } }) =>
        Array.from({ length: order.length }, (_, i) => order.span(i).document)
      const first = documents(exampleOrder(corpus, { seed, epoch }))
      expect(documents(exampleOrder(await corpusOfLengths(lengths), { seed, epoch }))).toEqual(first)
      expect([...first].sort((a, b) => a - b)).toEqual(lengths.map((_, i) => i))
    }
  )

  it('differs between epochs and seeds, and ends', async () => {
    const corpus = await corpusOfLengths(Array.from({ length: 100 }, () => 5))
    const documents = (seed: number, epoch: number) => {
      const order = exampleOrder(corpus, { seed, epoch })
      return Array.from({ length: 100 }, (_, i) => order.span(i).document).join()
    }
    expect(new Set([documents(0, 0), documents(0, 1), documents(1, 0)]).size).toBe(3)
    for (const index of [100, -1, 0.5])
      expect(() => exampleOrder(corpus, { seed: 0, epoch: 0 }).span(index)).toThrow(/^DATA_EXAMPLE_RANGE/)
  })
})

describe('splitDocuments', () => {
  test.prop([fc.integer({ min: 2, max: 60 }), fc.nat(), fc.double({ min: 0.01, max: 0.9, noNaN: true })])(
    'parts whole documents',
    async (count, seed, holdOut) => {
      const corpus = await corpusOfLengths(Array.from({ length: count }, (_, i) => i + 1))
      if (Math.round(holdOut * count) >= count) return
      const { train, heldOut } = splitDocuments(corpus, { holdOut, seed })
      expect(heldOut.length).toBe(Math.max(1, Math.round(holdOut * count)))
      const sources = [train, heldOut].map(part =>
        Array.from({ length: part.length }, (_, i) => Number(part.source(i)))
      )
      for (const part of sources) expect(part).toEqual([...part].sort((a, b) => a - b))
      expect(sources.flat().sort((a, b) => a - b)).toEqual(Array.from({ length: count }, (_, i) => i))
      sources[1].forEach((document, i) => {
        expect(heldOut.document(i)).toEqual(corpus.document(document))
        expect(heldOut.tokensOf(i)).toBe(corpus.tokensOf(document))
      })
      expect(train.tokens + heldOut.tokens).toBe(corpus.tokens)
      expect(splitDocuments(corpus, { holdOut, seed }).heldOut.digest).toBe(heldOut.digest)
    }
  )

  it('takes a number of documents, refuses what leaves nothing', async () => {
    const corpus = await corpusOfLengths([1, 2, 3, 4])
    expect(splitDocuments(corpus, { holdOut: 3, seed: 0 }).train.length).toBe(1)
    for (const holdOut of [0, -1, 4, 2.5, 0.99, NaN])
      expect(() => splitDocuments(corpus, { holdOut, seed: 0 })).toThrow(/^DATA_SPLIT/)
  })
})
