import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { readSuites } from './suite-list.js'

const folder = mkdtempSync(join(tmpdir(), 'skipwise-suites-'))
afterAll(() => rmSync(folder, { recursive: true }))
const file = (name: string, text: string) => (writeFileSync(join(folder, name), text), join(folder, name))

describe('readSuites', () => {
  it('reads a list, and the evaluate of a recipe', async () => {
    const suites = [{ name: 'passkey', config: { lengths: [512] } }, { name: 'other' }]
    expect(await readSuites(file('list.yaml', '- passkey: { lengths: [512] }\n- other\n'))).toEqual(suites)
    expect(
      await readSuites(file('recipe.yaml', 'model: base\nevaluate:\n  - passkey: { lengths: [512] }\n  - other\n'))
    ).toEqual(suites)
  })

  it.each(['', '[]', 'a: 1', '- [1]', '- { a: 1, b: 2 }', '{'])('refuses %j', async text =>
    expect(readSuites(file('wrong.yaml', text))).rejects.toThrow('EVAL_SUITES')
  )
  it('refuses a file that is not there', async () =>
    expect(readSuites(join(folder, 'none.yaml'))).rejects.toThrow('EVAL_SUITES'))
})
