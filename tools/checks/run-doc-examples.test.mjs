// The @example blocks of doc comments run, on the real parts of given.ts: a conformance suite as a suite, everything
// else as a test, which also holds what it prints to the numbers in the comments.
import { readFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { format } from 'node:util'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { brokenPromise } from '../release/promises.mjs'
import { docExamples } from './doc-examples.mjs'
import { prepareFiles } from './given.ts'

const here = process.cwd()
let folder
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'skipwise-examples-'))
  await prepareFiles(folder)
  process.chdir(folder)
})
afterAll(async () => {
  process.chdir(here)
  await rm(folder, { recursive: true })
})

/** Runs an example; hands back the first number that its comments promise and it did not print. */
async function run({ path, text }) {
  const lines = []
  const log = vi.spyOn(console, 'log').mockImplementation((...words) => lines.push(format(...words)))
  try {
    await import(path)
  } finally {
    log.mockRestore()
  }
  return brokenPromise(text, lines.join('\n'))
}

const examples = docExamples()
const isSuite = ({ text }) => /^describe[A-Z]\w*\(/m.test(text)
const thrown = ({ text }) => /^throw new SkipwiseError\('(\w+)'/m.exec(text)?.[1]

for (const example of examples) {
  if (isSuite(example)) describe(example.name, () => import(example.path))
  else
    test(example.name, async () => {
      const code = thrown(example)
      if (code) await expect(run(example)).rejects.toMatchObject({ code })
      else expect(await run(example)).toBeUndefined()
    })
}

test('an example that fails, and one that prints another number than its comment says, is noticed', async () => {
  const example = name => ({
    path: join(here, 'fixtures', 'examples', name),
    text: readFileSync(join(here, 'fixtures', 'examples', name), 'utf8')
  })
  await expect(run(example('failing.mjs'))).rejects.toThrow('this example fails')
  expect(await run(example('printing.mjs'))).toBe('43')
})
