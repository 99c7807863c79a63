import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { findCheckpoints } from './checkpoints.js'
import { digestOfModel, digestOfNamedFiles } from './digests.js'
import { readResult } from './read-result.js'

const folder = mkdtempSync(join(tmpdir(), 'skipwise-evaluation-'))
afterAll(() => rmSync(folder, { recursive: true }))
const file = (name: string, text: string) => (writeFileSync(join(folder, name), text), join(folder, name))
const model = (...names: string[]) => {
  mkdirSync(join(folder, ...names), { recursive: true })
  writeFileSync(join(folder, ...names, 'config.json'), '{}')
}

it('findCheckpoints: by step, then the model at the end', async () => {
  for (const name of ['checkpoint-100', 'checkpoint-20', 'step-3', 'checkpoint-best', 'evaluations']) model('run', name)
  mkdirSync(join(folder, 'run', 'checkpoint-7'))
  expect((await findCheckpoints(join(folder, 'run'))).map(({ name }) => name)).toEqual([
    'step-3',
    'checkpoint-20',
    'checkpoint-100'
  ])
  model('run')
  model('run', 'checkpoints', 'step-50')
  expect((await findCheckpoints(join(folder, 'run'))).map(({ name }) => name)).toEqual([
    'step-3',
    'checkpoint-20',
    'step-50',
    'checkpoint-100',
    'final'
  ])
  await expect(findCheckpoints(join(folder, 'nowhere'))).rejects.toThrow('EVAL_NO_CHECKPOINTS')
})

describe('readResult', () => {
  const result = {
    suite: 'passkey',
    version: 2,
    model: 'm',
    config: { lengths: [512] },
    metrics: { 'passkey@512': 1 },
    details: null
  }
  it('reads what eval wrote', async () =>
    expect(await readResult(file('result.json', JSON.stringify(result)))).toEqual(result))
  it.each(['', '[]', '{"suite": "passkey"}', JSON.stringify({ ...result, metrics: { a: 'b' } })])(
    'refuses %j',
    async text => expect(readResult(file('wrong.json', text))).rejects.toThrow('EVAL_RESULT')
  )
  it('refuses a file that is not there', async () =>
    expect(readResult(join(folder, 'none.json'))).rejects.toThrow('EVAL_RESULT'))
})

describe('digests', () => {
  it('of the files that a configuration names follow their contents, wherever they are named', async () => {
    const of = (config: unknown) => digestOfNamedFiles(config, path => join(folder, path))
    const config = { data: ['held-*.txt'], nested: { haystack: 'essays' }, mode: 'sliding', windows: [512] }
    mkdirSync(join(folder, 'essays', 'inner'), { recursive: true })
    file('held-out.txt', 'a')
    file('essays/inner/one.txt', 'b')
    const seen = [await of(config)]
    file('held-out.txt', 'c')
    seen.push(await of(config))
    file('essays/inner/one.txt', 'd')
    seen.push(await of(config))
    expect(new Set(seen).size).toBe(3)
    expect(await of(config)).toBe(seen[2])
    expect(await of({ windows: [512] })).toBe(await of(undefined))
  })

  it('of a model follow its files, and nothing else that lies beside them', async () => {
    model('digested')
    const at = join(folder, 'digested')
    const before = await digestOfModel(at)
    writeFileSync(join(at, 'report.html'), 'x')
    expect(await digestOfModel(at)).toBe(before)
    writeFileSync(join(at, 'model.safetensors'), 'x')
    expect(await digestOfModel(at)).not.toBe(before)
  })
})
