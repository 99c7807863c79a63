import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import { createRegistry, validate, type LanguageModel, type Tokenizer } from '@skipwise/core'
import { byteTokenizer, describeEvalSuite, inductionModel } from '@skipwise/testing'
import { afterAll, describe, expect, it } from 'vitest'
import { longchat, ruler } from './index.js'
import type { TasksDetails } from './results.js'

const folder = mkdtempSync(join(tmpdir(), 'skipwise-tasks-'))
afterAll(() => rmSync(folder, { recursive: true }))
writeFileSync(join(folder, 'essay.txt'), 'Some ropes are long. Other ropes are not. ')
writeFileSync(join(folder, 'empty.txt'), ' ')

const registry = createRegistry().register(ruler, longchat)
const context = { seed: 0, resolvePath: (path: string) => join(folder, path) }

describeEvalSuite(ruler, { config: { lengths: [900, 1400], tasks: ['niah-single-1', 'niah-multivalue'], trials: 3 } })
describeEvalSuite(longchat, {
  config: { lengths: [1200], trials: 2, haystack: 'essay.txt' },
  resolvePath: context.resolvePath
})

describe('a suite of retrieval tasks', () => {
  it('scores the share of answers found, and tells the effective length', async () => {
    const { decode, encode } = byteTokenizer()
    // Says the first value of a needle, and in prompts beyond 2,000 tokens nothing.
    const half: LanguageModel = {
      ...inductionModel(),
      async *generate(ids) {
        if (ids.length < 2000) yield* encode(` ${(/is: (\S+)\./.exec(decode(ids)) as RegExpExecArray)[1]}`)
      }
    }
    const { metrics, details } = await registry
      .resolve('eval-suite', 'ruler', {
        lengths: [1000, 4000],
        tasks: ['niah-single-1', 'niah-multivalue'],
        trials: 4,
        threshold: 62
      })
      .run(half, context)
    expect(metrics).toEqual({
      'average@1000': 0.625,
      'niah-single-1@1000': 1,
      'niah-multivalue@1000': 0.25,
      'average@4000': 0,
      'niah-single-1@4000': 0,
      'niah-multivalue@4000': 0,
      'effective-length': 1000
    })
    const { results, effectiveLength, haystack } = details as TasksDetails
    expect([effectiveLength, haystack]).toEqual([1000, null])
    expect(results[0].trials.map(({ depth }) => Math.min(Math.floor(4 * (depth as number)), 3))).toEqual([0, 1, 2, 3])
    expect(results[0].interval[1]).toBe(1)
  })

  it('is solved by a model that copies what followed', async () => {
    const pieces: string[] = []
    const words: Tokenizer = {
      ...byteTokenizer(),
      vocabSize: 65536,
      encode: text =>
        Int32Array.from(text.match(/\w+|\W/g) ?? [], piece =>
          pieces.includes(piece) ? pieces.indexOf(piece) : pieces.push(piece) - 1
        ),
      decode: ids => Array.from(ids, id => pieces[id]).join('')
    }
    const { metrics } = await registry
      .resolve('eval-suite', 'longchat', { lengths: [1500], tasks: ['lines'], trials: 5 })
      .run(inductionModel({ window: 4000, tokenizer: words }), context)
    expect(metrics['lines@1500']).toBe(1)
  })

  it('refuses what cannot be asked, before any work', async () => {
    const run = (config: object) =>
      registry
        .resolveUnknown('eval-suite', {
          name: 'ruler',
          config: { lengths: [900], tasks: ['niah-single-2'], trials: 1, ...config }
        })
        .run(inductionModel(), context)
    await expect(run({ lengths: [900, 100] })).rejects.toThrow('RETRIEVAL_LENGTH')
    await expect(run({ haystack: 'none.txt' })).rejects.toThrow('RETRIEVAL_HAYSTACK')
    await expect(run({ haystack: 'empty.txt' })).rejects.toThrow('RETRIEVAL_HAYSTACK')
    // one that never ends
    const endless = relative(context.resolvePath('.'), '/dev/zero')
    await expect(run({ haystack: endless })).rejects.toThrow(/FILE_REFUSED: \/dev\/zero is not a regular file/)
    await expect(run({ haystack: '.' })).rejects.toThrow('FILE_REFUSED')
    expect((await run({ haystack: 'essay.txt' })).details).toMatchObject({
      haystack: expect.stringMatching(/^[\da-f]{64}$/) as string
    })
    expect(() =>
      validate(ruler.config, { lengths: [900], tasks: ['niah-single-9'] }, 'PLUGIN_CONFIG', 'ruler')
    ).toThrow('tasks')
    expect(() => validate(ruler.config, { lengths: [900, 900] }, 'PLUGIN_CONFIG', 'ruler')).toThrow('twice')
  })
})
