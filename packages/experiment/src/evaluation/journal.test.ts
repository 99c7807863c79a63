import { appendFileSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, it } from 'vitest'
import { openJournal } from './journal.js'

const folder = mkdtempSync(join(tmpdir(), 'skipwise-journal-'))
afterAll(() => rmSync(folder, { recursive: true }))

/** What a run computes of some units. */
async function run(file: string, key: string, units: readonly string[]): Promise<string[]> {
  const journal = await openJournal(file, key), computed: string[] = []
  for (const unit of units) {
    const value = await journal.remember(unit, async () => (computed.push(unit), { unit, half: 0.1 + 0.2 }))
    expect(value).toEqual({ unit, half: 0.30000000000000004 })
  }
  await journal.close()
  return computed
}

it('computes what it has not kept', async () => {
  const file = join(folder, 'inner', 'a.journal')
  expect(await run(file, 'k', ['one', 'two'])).toEqual(['one', 'two'])
  expect(await run(file, 'k', ['one', 'two', 'three'])).toEqual(['three'])
})

it('drops a line that was cut off, and goes on behind the whole ones', async () => {
  const file = join(folder, 'b.journal')
  await run(file, 'k', ['one', 'two'])
  const whole = readFileSync(file, 'utf8')
  for (let cut = whole.length - 1; cut > whole.indexOf('\n'); cut -= 7) {
    writeFileSync(file, whole.slice(0, cut))
    await run(file, 'k', ['one', 'two'])
    expect(readFileSync(file, 'utf8')).toBe(whole)
  }
  appendFileSync(file, 'no JSON\n{"key":"three","value":3}\n')
  expect(await run(file, 'k', ['one', 'two', 'three'])).toEqual(['three'])
})

it('begins anew for another run, and is gone in the end', async () => {
  const file = join(folder, 'c.journal')
  await run(file, 'k', ['one'])
  expect(await run(file, 'other', ['one'])).toEqual(['one'])
  await (await openJournal(file, 'other')).remove()
  expect(existsSync(file)).toBe(false)
})
