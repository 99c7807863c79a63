import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { findCheckpoints } from './checkpoints.js'
import { readResult } from './read-result.js'
import { readSuites } from './suite-list.js'

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
  expect((await findCheckpoints(join(folder, 'run'))).map(({ name }) => name)).toEqual(['step-3', 'checkpoint-20', 'checkpoint-100'])
  model('run')
  model('run', 'checkpoints', 'step-50')
  expect((await findCheckpoints(join(folder, 'run'))).map(({ name }) => name)).toEqual(['step-3', 'checkpoint-20', 'step-50', 'checkpoint-100', 'final'])
  await expect(findCheckpoints(join(folder, 'nowhere'))).rejects.toThrow('EVAL_NO_CHECKPOINTS')
})

describe('readSuites', () => {
  it('reads a list, and the evaluate of a recipe', async () => {
    const suites = [{ name: 'passkey', config: { lengths: [512] } }, { name: 'other' }]
    expect(await readSuites(file('list.yaml', '- passkey: { lengths: [512] }\n- other\n'))).toEqual(suites)
    expect(await readSuites(file('recipe.yaml', 'model: base\nevaluate:\n  - passkey: { lengths: [512] }\n  - other\n'))).toEqual(suites)
  })

  it.each(['', '[]', 'a: 1', '- [1]', '- { a: 1, b: 2 }', '{'])('refuses %j', async text => expect(readSuites(file('wrong.yaml', text))).rejects.toThrow('EVAL_SUITES'))
  it('refuses a file that is not there', async () => expect(readSuites(join(folder, 'none.yaml'))).rejects.toThrow('EVAL_SUITES'))
})

describe('readResult', () => {
  const result = { suite: 'passkey', version: 2, model: 'm', config: { lengths: [512] }, metrics: { 'passkey@512': 1 }, details: null }
  it('reads what eval wrote', async () => expect(await readResult(file('result.json', JSON.stringify(result)))).toEqual(result))
  it.each(['', '[]', '{"suite": "passkey"}', JSON.stringify({ ...result, metrics: { a: 'b' } })])('refuses %j', async text => expect(readResult(file('wrong.json', text))).rejects.toThrow('EVAL_RESULT'))
  it('refuses a file that is not there', async () => expect(readResult(join(folder, 'none.json'))).rejects.toThrow('EVAL_RESULT'))
})
