import { appendFileSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, it } from 'vitest'
import { openJournal } from './journal.js'

const folder = mkdtempSync(join(tmpdir(), 'skipwise-journal-'))
afterAll(() => rmSync(folder, { recursive: true }))

/** What a run computes of some units. */
async function run(file: string, key: string, units: readonly string[]): Promise<string[]> {
  const journal = await openJournal(file, key)
  const computed: string[] = []
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

it('drops a line that was cut off, and goes on after the whole ones', async () => {
  const file = join(folder, 'b.journal')
  await run(file, 'k', ['one', 'two'])
  const whole = readFileSync(file, 'utf8')
  for (let cut = whole.length - 1; cut > whole.indexOf('\n'); cut -= 7) {
    writeFileSync(file, whole.slice(0, cut))
    await run(file, 'k', ['one', 'two'])
    expect(readFileSync(file, 'utf8')).toBe(whole)
  }
})

it('says that a line was changed, by any bit', async () => {
  const file = join(folder, 'd.journal')
  await run(file, 'k', ['one', 'two'])
  const whole = readFileSync(file)
  for (let bit = 0; bit < 8 * (whole.length - 1); bit++) {
    const changed = Buffer.from(whole)
    changed[bit >> 3] ^= 1 << (bit & 7)
    writeFileSync(file, changed)
    await expect(openJournal(file, 'k'), `bit ${bit}`).rejects.toThrow(
      /^STATE_DAMAGED.*d\.journal is damaged: line \d.*remove this file/
    )
  }
})

it.each(['no JSON\n', '{"key":"three","value":3}\n', '\n', '0123456789abcdef {}\n'])(
  'does not take %j for a line',
  async line => {
    const file = join(folder, 'e.journal')
    await run(file, 'k', ['one'])
    appendFileSync(file, line)
    await expect(run(file, 'k', ['one', 'three'])).rejects.toThrow(/^STATE_DAMAGED/)
    rmSync(file)
  }
)

it('writes nothing before a unit is done', async () => {
  const file = join(folder, 'later', 'f.journal')
  const journal = await openJournal(file, 'k')
  await expect(journal.remember('one', () => Promise.reject(new Error('no data')))).rejects.toThrow('no data')
  await journal.close()
  expect(existsSync(join(folder, 'later'))).toBe(false)
})

it.each(['', 'a diary in one line', 'a diary\nof two lines\n'])(
  'leaves a file that is not a journal: %j',
  async text => {
    const file = join(folder, 'g.journal')
    writeFileSync(file, text)
    await expect(openJournal(file, 'k')).rejects.toThrow(/^STATE_DAMAGED/)
    expect(readFileSync(file, 'utf8')).toBe(text)
  }
)

it('starts again for another run, and is gone in the end', async () => {
  const file = join(folder, 'c.journal')
  await run(file, 'k', ['one'])
  expect(await run(file, 'other', ['one'])).toEqual(['one'])
  await (await openJournal(file, 'other')).remove()
  expect(existsSync(file)).toBe(false)
})
