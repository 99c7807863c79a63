import { createRegistry, type LanguageModel, type ScoredSequence } from '@skipwise/core'
import { readRecords } from '@skipwise/data'
import {
  drawFewShots,
  harnessProfiles,
  benchmarkTasks,
  requestsOf,
  benchmarks,
  type BenchmarksDetails,
  type BenchmarkTask
} from '@skipwise/eval-benchmarks'
import { sharedFixture } from '@skipwise/testing'
import { readFile } from 'node:fs/promises'
import { beforeAll, describe, expect, test } from 'vitest'
import { openHarnessModel } from './harness-model.js'

// lm-evaluation-harness 0.4.13 itself on made-up documents: every request of the first six, log-likelihoods, metrics of
// all fourteen.
const folder = sharedFixture('harness')
interface Golden {
  readonly tasks: Readonly<
    Record<
      string,
      {
        readonly metrics: Readonly<Record<string, number>>
        readonly docs: readonly {
          readonly doc_id: number
          readonly requests: readonly {
            readonly context: string
            readonly continuation: string
            readonly loglikelihood: number
          }[]
          readonly acc: number
          readonly acc_norm?: number
        }[]
        readonly n: number
      }
    >
  >
}
const golden = folder ? (JSON.parse(await readFile(`${folder}/golden.json`, 'utf8')) as Golden) : { tasks: {} }
const settings = Object.keys(golden.tasks).map(key => {
  const [task, shots, setting] = key.split('/')
  return {
    key,
    task: task as (typeof benchmarkTasks)[number]['name'],
    shots: Number(shots),
    harness: setting === 'no_bos' ? ('0.4.0' as const) : ('0.4.9.2+' as const)
  }
})
const files = (task: string, shots: number) => {
  const name = task.replace(/_.*/, '')
  const split = name === 'arc' ? 'test' : 'validation'
  return {
    data: `${folder}/data/${name}.${split}.jsonl`,
    ...(shots > 0 && { training: `${folder}/data/${name}.train.jsonl` })
  }
}
const rowsOf = async (file: string | undefined) => {
  const rows: unknown[] = []
  if (file) for await (const { record } of readRecords([file])) rows.push(record)
  return rows
}

describe.skipIf(!folder)('lm-evaluation-harness', () => {
  let model: LanguageModel
  beforeAll(async () => {
    model = await openHarnessModel(`${folder}/model`)
  })

  test.each(settings)('$key: every request', async ({ key, task: name, shots, harness }) => {
    // each task has a type of row of its own; here rows are whatever its schema reads
    const task = benchmarkTasks.find(each => each.name === name) as unknown as BenchmarkTask
    const { data, training } = files(name, shots)
    const records = await rowsOf(data)
    const trainingRecords = await rowsOf(training)
    const ask = (record: unknown) => task.question(task.row.parse(record))
    const requests = [
      ...drawFewShots(records, trainingRecords, {
        profile: harnessProfiles[harness],
        shots,
        drawsSpare: task.drawsSpare
      })
    ].map(({ index, examples }) =>
      requestsOf(
        ask(records[index]),
        examples.map(i => ask(trainingRecords[i]))
      )
    )
    expect(requests).toHaveLength(golden.tasks[key].n)
    for (const { doc_id, requests: expected } of golden.tasks[key].docs)
      expect(requests[doc_id]).toEqual(expected.map(({ context, continuation }) => ({ context, continuation })))
  })

  test.each(settings)('$key: log-likelihoods and metrics', async ({ key, task, shots, harness }) => {
    const suite = createRegistry()
      .register(benchmarks)
      .resolve('eval-suite', 'benchmarks', { tasks: { [task]: { ...files(task, shots), shots } }, harness })
    const { metrics, details } = await suite.run(model, { seed: 0, resolvePath: path => path })
    const [{ questions }] = (details as BenchmarksDetails).tasks
    const expected = golden.tasks[key]
    for (const { doc_id, requests, acc, acc_norm } of expected.docs) {
      const { logLikelihoods, metrics } = questions[doc_id]
      requests.forEach(({ loglikelihood }, i) => expect(Math.abs(logLikelihoods[i] - loglikelihood)).toBeLessThan(1e-4))
      expect(metrics.acc ?? metrics.mc2).toBeCloseTo(acc, 5)
      expect(metrics.acc_norm).toBe(acc_norm)
    }
    for (const [name, value] of Object.entries(expected.metrics)) {
      const metric = name.replace(/,none$/, '')
      if (task === 'truthfulqa_mc2') expect(metrics[`${task}/mc2`]).toBeCloseTo(value, 5)
      else expect(metrics[`${task}/${metric}`]).toBe(value)
    }
  })

  test('sharing prefixes changes nothing but time', async () => {
    const config = { tasks: { arc_challenge: { ...files('arc_challenge', 5), shots: 5 } }, limit: 4 }
    const suite = createRegistry().register(benchmarks).resolve('eval-suite', 'benchmarks', config)
    const context = { seed: 0, resolvePath: (path: string) => path }
    const alone: LanguageModel = {
      name: 'harness',
      tokenizer: model.tokenizer,
      vocabSize: model.vocabSize,
      maxLength: model.maxLength,
      score: (...of) => model.score(...of),
      generate: (...of) => model.generate(...of),
      dispose() {}
    }
    let sequences: readonly ScoredSequence[] = []
    const watched = { ...alone, scoreAll: (all: readonly ScoredSequence[]) => model.scoreAll!((sequences = all)) }
    const [one, other] = [await suite.run(alone, context), await suite.run(watched, context)].map(
      ({ details }) => (details as BenchmarksDetails).tasks[0].questions
    )
    expect(sequences.length).toBeGreaterThan(8)
    other.forEach(({ logLikelihoods }, i) =>
      logLikelihoods.forEach((value, choice) =>
        expect(Math.abs(value - one[i].logLikelihoods[choice])).toBeLessThan(1e-4)
      )
    )
  })
})
