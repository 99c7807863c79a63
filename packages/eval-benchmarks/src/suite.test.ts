import { createRegistry, isSkipwiseError, type ProgressEvent } from '@skipwise/core'
import { byteTokenizer, describeEvalSuite, inductionModel } from '@skipwise/testing'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { benchmarks, requestEncoder, type BenchmarksDetails } from './index.js'
import { scoreQuestion } from './scoring.js'

const folder = await mkdtemp(join(tmpdir(), 'benchmarks-'))
afterAll(() => rm(folder, { recursive: true }))
const write = async (name: string, rows: readonly unknown[]) =>
  writeFile(join(folder, name), rows.map(row => JSON.stringify(row)).join('\n'))
const boolq = (n: number) =>
  Array.from({ length: n }, (_, i) => ({ passage: `The lamp ${i} is on.`, question: `is lamp ${i} on`, label: i % 2 }))
await write('boolq.jsonl', boolq(40))
await write('train.jsonl', boolq(12))
await write('truthful.jsonl', [
  {
    question: 'Is it?',
    mc1_targets: { choices: ['Yes', 'No'], labels: [1, 0] },
    mc2_targets: { choices: ['Yes', 'No', 'Well'], labels: [1, 0, 1] }
  }
])
const resolvePath = (path: string) => join(folder, path)
const context = { seed: 0, resolvePath }
const suite = (config: unknown) =>
  createRegistry().register(benchmarks).resolveUnknown('eval-suite', { name: 'benchmarks', config })
const model = () => inductionModel({ window: 4096 })

describeEvalSuite(benchmarks, {
  config: {
    tasks: {
      boolq: { data: 'boolq.jsonl', training: 'train.jsonl', shots: 2 },
      truthfulqa_mc2: { data: 'truthful.jsonl' }
    }
  },
  model,
  resolvePath
})

describe('benchmarks', () => {
  test('keep what it takes to repeat them', async () => {
    const { details, metrics } = await suite({ tasks: { boolq: { data: 'boolq.jsonl' } }, limit: 3 }).run(
      model(),
      context
    )
    expect(details).toMatchObject({
      bos: true,
      maxLength: 4096,
      tasks: [
        {
          task: 'boolq',
          version: 2,
          shots: 0,
          truncated: 0,
          digests: { data: /^[0-9a-f]{64}$/.exec((details as BenchmarksDetails).tasks[0].digests.data)?.[0] }
        }
      ]
    })
    expect(Object.keys(metrics)).toEqual(['boolq/acc', 'boolq/acc_stderr'])
  })

  test('cut what is longer than the model takes at its beginning, and say so', async () => {
    const short = await suite({ tasks: { boolq: { data: 'boolq.jsonl' } }, limit: 1, maxLength: 10 }).run(
      model(),
      context
    )
    expect((short.details as BenchmarksDetails).tasks[0].truncated).toBe(2)
  })

  test('tell progress through every unit', async () => {
    const events: ProgressEvent[] = []
    await suite({ tasks: { boolq: { data: 'boolq.jsonl' } } }).run(model(), {
      ...context,
      progress: event => events.push(event)
    })
    expect(events.map(({ done }) => done)).toEqual([0, 32, 40])
  })

  const codeOf = async (config: unknown) =>
    suite(config)
      .run(model(), context)
      .then(
        () => 'nothing',
        error => (isSkipwiseError(error) ? `${error.code}: ${error.problem}` : String(error))
      )
  test.each([
    [
      { tasks: { boolq: { data: 'truthful.jsonl' } } },
      /^BENCHMARK_RECORD: .*truthful\.jsonl:1: as a record of boolq, passage /
    ],
    [{ tasks: { boolq: { data: 'boolq.jsonl', shots: 3 } } }, /^BENCHMARK_SHOTS: boolq needs 3 few-shot examples/],
    [
      { tasks: { truthfulqa_mc1: { data: 'truthful.jsonl', shots: 1 } } },
      /^BENCHMARK_SHOTS: truthfulqa_mc1 has its own examples/
    ],
    [
      { tasks: { boolq: { data: 'boolq.jsonl', training: 'train.jsonl', shots: 12 } } },
      /^BENCHMARK_DATA: boolq needs more than 12 training records/
    ],
    [{ tasks: { boolq: { data: 'none.jsonl' } } }, /^DATA_NO_FILES/],
    [
      { tasks: { boolq: { data: 'boolq.jsonl' } }, maxLength: 2 },
      /^BENCHMARK_LENGTH: a choice has 3 tokens, more than the 2/
    ]
  ])('refuse %j', async (config, expected) => expect(await codeOf(config)).toMatch(expected))

  test('refuse a configuration without a benchmark, or with an unknown one', () => {
    expect(() => suite({ tasks: {} })).toThrow('names no benchmark')
    expect(() => suite({ tasks: { bolq: { data: 'x' } } })).toThrow('bolq')
  })
})

describe('requestEncoder', () => {
  const text = (ids: Int32Array) => byteTokenizer().decode(ids)
  const { bosId } = byteTokenizer()

  test('moves spaces at the end of the context to the continuation', () => {
    const { ids, from, truncated } = requestEncoder(
      byteTokenizer(),
      'tokenizer',
      100
    )({ context: 'a b \n', continuation: ' c' })
    expect([ids[0], text(ids), text(ids.subarray(from + 1)), truncated]).toEqual([bosId, 'a b \n c', ' \n c', 0])
  })

  test('puts BOS there as the profile says, and before an empty context always', () => {
    expect(requestEncoder(byteTokenizer(), 'never', 100)({ context: 'a', continuation: ' b' }).ids[0]).toBe(97)
    expect(
      requestEncoder(byteTokenizer({ addBos: false }), 'tokenizer', 100)({ context: 'a', continuation: ' b' }).ids[0]
    ).toBe(97)
    expect(requestEncoder(byteTokenizer(), 'never', 100)({ context: ' ', continuation: 'b' })).toEqual({
      ids: Int32Array.of(256, 32, 98),
      from: 0,
      truncated: 0
    })
  })

  test('keeps the last maxLength + 1 tokens', () => {
    const { ids, from, truncated } = requestEncoder(
      byteTokenizer(),
      'never',
      4
    )({ context: 'abcdef', continuation: ' gh' })
    expect([text(ids), text(ids.subarray(from + 1)), truncated]).toEqual(['ef gh', ' gh', 4])
  })
})

describe('scores', () => {
  const question = { contexts: ['?'], continuations: ['𐐨𐐀𐐨', 'ab'], gold: 0, labels: [1, 0, 1] }

  test('acc takes the first of equals, acc_norm divides by code points', () => {
    expect(scoreQuestion('acc', question, [-3, -3], 'labels')).toBe(1)
    expect(scoreQuestion('acc', question, [-4, -3], 'labels')).toBe(0)
    expect(scoreQuestion('acc_norm', question, [-4, -3], 'labels')).toBe(1)
  })

  test('mc2 goes by labels, or by the first false choice', () => {
    const logs = [Math.log(0.5), Math.log(0.25), Math.log(0.25)]
    expect(scoreQuestion('mc2', question, logs, 'labels')).toBe(0.75)
    expect(scoreQuestion('mc2', question, logs, 'before-first-false')).toBe(0.5)
  })

  test('mc2 is a number where every probability underflows (the harness divides 0 by 0)', () => {
    expect(scoreQuestion('mc2', question, [-2000, -2000, -2000 - Math.log(2)], 'labels')).toBeCloseTo(0.6, 12)
  })
})
