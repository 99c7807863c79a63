import type { EvalResult, EvalSuite } from '@skipwise/core'
import { mkdtemp, rm, writeFile, mkdir } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { composeReport } from './compose-report.js'
import { readReportFile } from './read-report-file.js'
import { scoreTable } from '@skipwise/evaluation'

const folder = await mkdtemp(join(tmpdir(), 'report-files-'))
afterAll(() => rm(folder, { recursive: true }))
const result = (model: string, acc: number): EvalResult => ({
  suite: 'benchmarks',
  version: 1,
  model,
  config: {},
  metrics: { 'boolq/acc': acc, 'boolq/acc_stderr': 0.01, 'passkey@512': 1 },
  details: null
})
const suite: EvalSuite = {
  run: () => Promise.reject(new Error('not run')),
  charts: results => [
    {
      kind: 'bar',
      id: 'b',
      title: 'b',
      description: 'b',
      x: { label: 'x', categories: ['boolq'] },
      y: { label: 'y', scale: 'linear' },
      series: results.map(({ model, metrics }) => ({ name: model, values: [metrics['boolq/acc']] }))
    }
  ]
}
const run = (name: string) => ({
  version: 1,
  kind: 'extend',
  name,
  recipe: { model: 'm' },
  window: { original: 512, target: 4096 },
  seeds: { recipe: 0, train: 0 },
  data: { digest: 'd' },
  training: { steps: 3, tokens: 3, losses: [3, 2, 1], tokensPerSecond: 99.6, peakMemoryMB: 512.4 },
  results: { base: [result('base', 0.5)], model: [result('extended', 0.75)] }
})
async function write(path: string, value: unknown): Promise<string> {
  const file = join(folder, path)
  await mkdir(join(file, '..'), { recursive: true })
  await writeFile(file, typeof value === 'string' ? value : JSON.stringify(value))
  return file
}

describe('a report of files', () => {
  test('puts results and runs together, the common base once', async () => {
    const files = [
      await write('yarn/skipwise.json', run('one')),
      await write('linear/skipwise.json', run('two')),
      await write('other.json', result('other', 0.25))
    ]
    const report = composeReport('t', await Promise.all(files.map(readReportFile)), () => suite)
    expect(report.charts.map(({ id, series }) => [id, series.map(({ name }) => name)])).toEqual([
      ['b', ['base', 'yarn', 'linear', 'other']],
      ['loss', ['yarn', 'linear']],
      ['speed', ['Tokens per second']],
      ['memory', ['Peak memory (MB)']]
    ])
    expect(report.tables?.[0].rows).toEqual([
      [
        'boolq/acc',
        '0.5000 ± 0.0100',
        '0.7500 ± 0.0100',
        '0.7500 ± 0.0100',
        '0.2500 ± 0.0100',
        '+0.250',
        '+0.250',
        '-0.250'
      ]
    ])
    expect(report.recipe).toBe('model: m\n')
  })

  test('shows the charts of any JSON file, each checked', async () => {
    const [chart] = suite.charts([result('a', 1)])
    expect((await readReportFile(await write('charts.json', { charts: [chart] }))).charts).toEqual([chart])
    for (const wrong of ['', '{}', '[]', { charts: [{ ...chart, series: [{ name: 1 }] }] }, { charts: [] }])
      await expect(readReportFile(await write('wrong.json', wrong))).rejects.toThrow('REPORT_FILE')
  })

  test('tells metrics of one name apart by their suites', () => {
    const [a, b] = ['passkey', 'ruler'].map(suite => ({
      ...result('m', 1),
      suite,
      metrics: { 'effective-length': suite.length }
    }))
    expect(scoreTable([a, b, { ...a, model: 'n', metrics: { 'effective-length': 4103 } }]).rows).toEqual([
      ['passkey: effective-length', 7, 4103, '+4096'],
      ['ruler: effective-length', 5, '', '']
    ])
  })

  test('has no score to show where all are by length', () =>
    expect(scoreTable([{ ...result('a', 1), metrics: { 'passkey@512': 1 } }]).rows).toEqual([]))
})
