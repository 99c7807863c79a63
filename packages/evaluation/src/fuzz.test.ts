// SKIPWISE_FUZZ_RUNS=100000 npx vitest run src/fuzz.test.ts
import { fuzzReader, type FuzzReport } from '@skipwise/testing'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { z } from 'zod'
import { openJournal } from './journal.js'
import { keepStage, keptStage } from './kept-stage.js'

const folder = mkdtempSync(join(tmpdir(), 'skipwise-state-'))
afterAll(() => rmSync(folder, { recursive: true }))

/** Prints what was seen when more than a test's usual share was asked for. */
const report = (what: string, seen: FuzzReport) => {
  if (process.env['SKIPWISE_FUZZ_RUNS']) process.stderr.write(`${what}: ${JSON.stringify(seen)}\n`)
}

const units = new Map(
  ['passkey 4096', 'perplexity "é"', ''].map(unit => [unit, { nll: [0.1 + 0.2, -0, 1e-7], text: `${unit}\u2028\n` }])
)

test('a mutated journal gives what was written, computes again, or is damaged', { timeout: 0 }, async () => {
  const file = join(folder, 'a.journal')
  const journal = await openJournal(file, 'run')
  for (const [unit, value] of units) await journal.remember(unit, async () => value)
  await journal.close()
  const written = readFileSync(file)
  const seen = await fuzzReader({
    files: [written, written.subarray(0, written.length - 20)],
    allocationFactor: 8,
    async *read(mutated) {
      await writeFile(file, mutated)
      const again = await openJournal(file, 'run')
      try {
        for (const [unit, value] of units) {
          const given = await again.remember(unit, async () => value)
          if (JSON.stringify(given) !== JSON.stringify(value)) throw new Error(`${unit} has another value`)
          yield given
        }
      } finally {
        await again.close()
      }
    }
  })
  report('journal', seen)
  expect(seen.refused['STATE_DAMAGED']).toBeGreaterThan(0)
  expect(Object.keys(seen.refused)).toEqual(['STATE_DAMAGED'])
})

test('a mutated stage gives what was written, nothing, or is damaged', { timeout: 0 }, async () => {
  const file = join(folder, 'b.json')
  const value = { losses: [8.25, 0.1 + 0.2], name: 'é \u2028 "x"' }
  await keepStage(file, 'run', value)
  const schema = z.object({ losses: z.array(z.number()), name: z.string() })
  const seen = await fuzzReader({
    files: [readFileSync(file)],
    allocationFactor: 8,
    async *read(mutated) {
      await writeFile(file, mutated)
      const kept = await keptStage(file, 'run', schema)
      if (kept && JSON.stringify(kept.value) !== JSON.stringify(value)) throw new Error('the value is another')
      yield kept
    }
  })
  report('stage', seen)
  expect(Object.keys(seen.refused)).toEqual(['STATE_DAMAGED'])
})
