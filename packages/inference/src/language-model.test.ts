import { fc, test } from '@fast-check/vitest'
import { openInterpreter } from '@skipwise/runtime'
import {
  linearBias,
  logProbabilities,
  matchers,
  plainFrequencies,
  randomWeights,
  rotary,
  uncachedLogits
} from '@skipwise/testing'
import { describe, expect } from 'vitest'
import { openSmall, randomIds, smallModel } from '../test/parts.js'
import { mostLikely } from './sampling.js'

expect.extend(matchers)

// every executor × architecture: tools/composition
const executor = await openInterpreter()
const V = 40

/** What no cache, no chunks and no padding give. */
async function uncachedScores(model: ReturnType<typeof smallModel>, ids: Int32Array): Promise<Float64Array> {
  const logits = await uncachedLogits(
    executor,
    { model, encoding: rotary, weights: randomWeights(model), frequencies: plainFrequencies(model.geometry.rotaryDim) },
    ids
  )
  return logProbabilities(logits, ids, V)
}

async function uncachedGreedy(prompt: Int32Array, count: number): Promise<number[]> {
  const model = smallModel()
  const ids = Array.from(prompt)
  for (let step = 0; step < count; step++) {
    const logits = await uncachedLogits(
      executor,
      {
        model,
        encoding: rotary,
        weights: randomWeights(model),
        frequencies: plainFrequencies(model.geometry.rotaryDim)
      },
      Int32Array.from(ids)
    )
    ids.push(mostLikely(logits.subarray(-V)))
  }
  return ids.slice(prompt.length)
}

async function collect(tokens: AsyncIterable<number>): Promise<number[]> {
  const all: number[] = []
  for await (const id of tokens) all.push(id)
  return all
}

describe('score equals one uncached pass over the sequence', () => {
  const shapes = {
    'multi-head': { heads: 2, keyValueHeads: 2 },
    'grouped-query': { heads: 4, keyValueHeads: 2 },
    'head dimension 6': { heads: 4, keyValueHeads: 1, headDim: 6 }
  }
  // Around the ends of chunks of 8 and of caches of 8, 16, 32 and 64 slots.
  const lengths = [2, 8, 9, 10, 16, 17, 18, 25, 33, 40, 64, 65, 66]
  for (const [label, shape] of Object.entries(shapes)) {
    test(label, async () => {
      const model = smallModel(shape)
      const languageModel = await openSmall(executor, { model })
      for (const n of lengths) {
        const ids = randomIds(n, V, n)
        expect(await languageModel.score(ids), `${n} tokens`).toBeAllclose(await uncachedScores(model, ids), {
          absolute: 1e-5
        })
      }
      languageModel.dispose()
    })
  }

  test('with a bias by distance on a model that does not rotate', async () => {
    const rotating = smallModel({ layers: 1 })
    const model = { ...rotating, geometry: { ...rotating.geometry, rotaryDim: 0 } }
    const encoding = linearBias
    const languageModel = await openSmall(executor, { model, encoding })
    for (const n of [2, 9, 18, 25]) {
      const ids = randomIds(n, V, n)
      const logits = await uncachedLogits(
        executor,
        { model, encoding, weights: randomWeights(model), frequencies: plainFrequencies(2) },
        ids
      )
      expect(await languageModel.score(ids), `${n} tokens`).toBeAllclose(logProbabilities(logits, ids, V), {
        absolute: 1e-5
      })
    }
    languageModel.dispose()
  })

  test('in chunks of the usual size', async () => {
    const model = smallModel({ layers: 1 })
    const ids = randomIds(530, V)
    const languageModel = await openSmall(executor, { model, options: {} })
    expect(await languageModel.score(ids)).toBeAllclose(await uncachedScores(model, ids), { absolute: 1e-5 })
    languageModel.dispose()
  })
})

describe('score', () => {
  test('does not depend on how it is cut, and computes only from `from` on', async () => {
    const small = await openSmall(executor)
    const large = await openSmall(executor, { options: { chunk: 64 } })
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 2, max: 90 }), fc.nat(100), fc.nat(1000), async (n, from, seed) => {
        const ids = randomIds(n, V, seed)
        const whole = await large.score(ids)
        expect(await small.score(ids, { from })).toBeAllclose(
          whole.map((score, t) => (t < from ? 0 : score)),
          { absolute: 1e-5 }
        )
      }),
      { numRuns: 25 }
    )
  })

  test('of several sequences at once is that of one after the other, to the bit', async () => {
    const model = await openSmall(executor)
    const sequences = [20, 31, 20, 9].map((n, seed) => randomIds(n, V, seed))
    const together = await Promise.all(sequences.map(ids => model.score(ids)))
    for (const [i, ids] of sequences.entries()) expect(together[i]).toEqual(await model.score(ids))
  })

  test('shares a prefix while the frequencies of both lengths are the same', async () => {
    const ids = randomIds(40, V)
    const scaled = await openSmall(executor, {
      frequencies: length => plainFrequencies(8, 1e4 * Math.max(1, length / 32))
    })
    expect([scaled.sharesPrefix?.(20, 32), scaled.sharesPrefix?.(20, 40), scaled.sharesPrefix?.(33, 40)]).toEqual([
      true,
      false,
      false
    ])
    const prefix = await scaled.score(ids.subarray(0, 20))
    expect((await scaled.score(ids.subarray(0, 32))).subarray(0, 19)).toBeAllclose(prefix, { absolute: 1e-5 })
    expect(Math.abs((await scaled.score(ids))[18] - prefix[18])).toBeGreaterThan(1e-3)
  })

  test('asks for the frequencies of the whole length', async () => {
    const asked: number[] = []
    const base = (length: number) => 1e4 * length
    const model = await openSmall(executor, {
      frequencies: length => (asked.push(length), plainFrequencies(8, base(length)))
    })
    const ids = randomIds(20, V)
    const fixed = await openSmall(executor, { frequencies: plainFrequencies(8, base(20)) })
    expect(await model.score(ids)).toEqual(await fixed.score(ids))
    expect(asked).toEqual([20])
    await collect(model.generate(ids, { maxNewTokens: 5 }))
    expect(asked).toEqual([20, 25])
  })

  test('applies the softmax scale', async () => {
    const ids = randomIds(12, V)
    const model = smallModel()
    const frequencies = { ...plainFrequencies(8), softmaxScale: 1.7 }
    const expected = logProbabilities(
      await uncachedLogits(executor, { model, encoding: rotary, weights: randomWeights(model), frequencies }, ids),
      ids,
      V
    )
    expect(await (await openSmall(executor, { frequencies })).score(ids)).toBeAllclose(expected, { absolute: 1e-5 })
    expect(expected).not.toBeAllclose(await (await openSmall(executor)).score(ids), { absolute: 1e-3 })
  })

  test('stops at an abort', async () => {
    const model = await openSmall(executor)
    const abort = new AbortController()
    const scoring = model.score(randomIds(500, V), { signal: abort.signal })
    abort.abort(new Error('enough'))
    await expect(scoring).rejects.toThrow('enough')
    expect(await model.score(randomIds(20, V))).toHaveLength(19)
  })
})

describe('scoreAll', () => {
  test('gives what score gives, whatever sequences have in common', async () => {
    const model = await openSmall(executor, { maxLength: 1024 })
    const trunk = Int32Array.from(randomIds(60, V, 1))
    // prefixes of one trunk that go on differently, in an order in which caches shrink and grow
    const sequences = [40, 40, 12, 59, 0, 33].map((shared, i) => {
      const ids = Int32Array.of(...trunk.subarray(0, shared), ...randomIds(3 + 2 * i, V, i))
      return { ids, from: [0, 39, 30, 60, 1, 20][i] }
    })
    sequences.push(sequences[5], { ids: trunk.slice(0, 20), from: 18 })
    const all = await model.scoreAll!(sequences)
    for (const [i, { ids, from }] of sequences.entries())
      expect(all[i], `sequence ${i}`).toBeAllclose(await model.score(ids, { from }), { absolute: 1e-5 })
    expect(await model.scoreAll!([])).toEqual([])
    model.dispose()
  })

  test('shares nothing where frequencies depend on the length', async () => {
    const model = await openSmall(executor, { frequencies: length => plainFrequencies(8, 1e4 * length) })
    const ids = randomIds(40, V)
    const [long, short] = await model.scoreAll!([
      { ids, from: 0 },
      { ids: ids.subarray(0, 25), from: 0 }
    ])
    expect(long).toBeAllclose(await model.score(ids), { absolute: 1e-5 })
    expect(short).toBeAllclose(await model.score(ids.subarray(0, 25)), { absolute: 1e-5 })
  })
})

describe('generate', () => {
  test('greedily, is the argmax of a new pass over all tokens', async () => {
    const model = await openSmall(executor)
    const prompt = randomIds(5, V)
    // 16 slots are made at first: the cache grows once on the way to 24 tokens.
    const tokens = await collect(model.generate(prompt, { maxNewTokens: 20 }))
    expect(tokens).toEqual(await uncachedGreedy(prompt, 20))
    expect(await collect(model.generate(prompt, { maxNewTokens: 20 }))).toEqual(tokens)
    model.dispose()
  })

  test('continues prompts of any length', async () => {
    const model = await openSmall(executor)
    for (const n of [1, 7, 8, 9, 16, 17]) {
      const prompt = randomIds(n, V, n)
      expect(await collect(model.generate(prompt, { maxNewTokens: 3 })), `${n} tokens`).toEqual(
        await uncachedGreedy(prompt, 3)
      )
    }
  })

  test('samples by seed', async () => {
    const model = await openSmall(executor)
    const prompt = randomIds(6, V)
    const sample = (seed: number, more = {}) =>
      collect(model.generate(prompt, { maxNewTokens: 12, temperature: 1.5, seed, ...more }))
    expect(await sample(1)).toEqual(await sample(1))
    expect(await sample(1)).not.toEqual(await sample(2))
    const greedy = await collect(model.generate(prompt, { maxNewTokens: 12 }))
    expect(await sample(1, { topK: 1 })).toEqual(greedy)
    expect(await sample(1, { topP: 1e-9 })).toEqual(greedy)
  })

  test('avoids the tokens of the prompt and its own under a high repetition penalty', async () => {
    const model = await openSmall(executor)
    const prompt = randomIds(6, V)
    const tokens = await collect(model.generate(prompt, { maxNewTokens: 12, repetitionPenalty: 1e6 }))
    expect(new Set([...prompt, ...tokens]).size).toBe(new Set(prompt).size + 12)
  })

  test('ends at a stop id, without it', async () => {
    const model = await openSmall(executor)
    const prompt = randomIds(5, V)
    const tokens = await collect(model.generate(prompt, { maxNewTokens: 10 }))
    const stop = tokens[4]
    expect(await collect(model.generate(prompt, { maxNewTokens: 10, stopIds: [stop] }))).toEqual(
      tokens.slice(0, tokens.indexOf(stop))
    )
    expect(await collect(model.generate(prompt, { maxNewTokens: 0 }))).toEqual([])
  })

  test('stops at an abort, and when nobody asks for more', async () => {
    const model = await openSmall(executor)
    const abort = new AbortController()
    const seen: number[] = []
    await expect(async () => {
      for await (const id of model.generate(randomIds(5, V), { maxNewTokens: 50, signal: abort.signal }))
        if (seen.push(id) === 3) abort.abort(new Error('enough'))
    }).rejects.toThrow('enough')
    expect(seen).toHaveLength(3)
    for await (const _ of model.generate(randomIds(5, V), { maxNewTokens: 50 })) break
    expect(await model.score(randomIds(20, V))).toHaveLength(19)
  })
})

describe('what is refused', () => {
  const rejection = async (action: Promise<unknown>) =>
    action.then(
      () => 'nothing',
      (error: { code?: string }) => error.code
    )

  test('sequences', async () => {
    const model = await openSmall(executor, { maxLength: 30 })
    const generate = (ids: Int32Array, maxNewTokens = 1) => rejection(collect(model.generate(ids, { maxNewTokens })))
    expect(await rejection(model.score(Int32Array.of(1)))).toBe('INFERENCE_IDS')
    expect(await rejection(model.score(Int32Array.of(1, V)))).toBe('INFERENCE_IDS')
    expect(await rejection(model.score(Int32Array.of(-1, 1)))).toBe('INFERENCE_IDS')
    expect(await generate(new Int32Array(0))).toBe('INFERENCE_IDS')
    // the last token is only predicted
    expect(await rejection(model.score(randomIds(32, V)))).toBe('INFERENCE_TOO_LONG')
    expect(await rejection(model.score(randomIds(31, V)))).toBe('nothing')
    expect(await rejection(model.scoreAll!([{ ids: randomIds(32, V), from: 0 }]))).toBe('INFERENCE_TOO_LONG')
    expect(await generate(randomIds(28, V), 3)).toBe('INFERENCE_TOO_LONG')
    expect(await generate(randomIds(28, V), 2)).toBe('nothing')
    const beyond = await openSmall(executor, { maxLength: 30, lengthLimit: 40 })
    expect(beyond.maxLength).toBe(30)
    expect(await beyond.score(randomIds(41, V))).toHaveLength(40)
    expect(await rejection(beyond.score(randomIds(42, V)))).toBe('INFERENCE_TOO_LONG')
  })

  test('options', async () => {
    const model = await openSmall(executor)
    const ids = Int32Array.of(1, 2)
    for (const bad of [
      { maxNewTokens: -1 },
      { maxNewTokens: 1.5 },
      { temperature: -1 },
      { temperature: NaN },
      { topK: 0 },
      { topP: 0 },
      { topP: 1.1 },
      { repetitionPenalty: 0 }
    ]) {
      expect(await rejection(collect(model.generate(ids, { maxNewTokens: 1, ...bad }))), JSON.stringify(bad)).toBe(
        'INFERENCE_OPTIONS'
      )
    }
    expect(await rejection(model.score(ids, { from: -1 }))).toBe('INFERENCE_OPTIONS')
    expect(await rejection(openSmall(executor, { options: { chunk: 12 } }))).toBe('INFERENCE_OPTIONS')
  })

  test('weights that do not fit, and use after dispose', async () => {
    const weights = randomWeights(smallModel())
    expect(await rejection(openSmall(executor, { weights: new Map([...weights].slice(1)) }))).toBe('INFERENCE_WEIGHTS')
    expect(await rejection(openSmall(executor, { weights: async name => weights.get(name)!.subarray(1) }))).toBe(
      'INFERENCE_WEIGHTS'
    )
    const model = await openSmall(executor)
    const scoring = model.score(randomIds(5, V))
    expect(await scoring).toHaveLength(4)
    model.dispose()
    model.dispose()
    expect(await rejection(model.score(randomIds(5, V)))).toBe('INFERENCE_DISPOSED')
  })
})
