import { mkdtempSync, rmSync } from 'node:fs'
import { readFile, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, it } from 'vitest'
import { z } from 'zod'
import { keepStage, keptStage } from '@skipwise/evaluation'
import { keptResultsSchema, trainingSummarySchema } from './result.js'

const folder = mkdtempSync(join(tmpdir(), 'skipwise-stage-'))
afterAll(() => rmSync(folder, { recursive: true }))

const schema = z.object({ losses: z.array(z.number()), name: z.string() })
const value = { losses: [8.25, 0.1 + 0.2, -0], name: 'é \u2028 "x"' }

it('a stage is given back under its key alone', async () => {
  const file = join(folder, 'a.json')
  expect(await keptStage(file, 'k', schema)).toBeUndefined()
  await keepStage(file, 'k', value)
  expect(await keptStage(file, 'k', schema)).toEqual({ value: JSON.parse(JSON.stringify(value)) })
  expect(await keptStage(file, 'other', schema)).toBeUndefined()
})

it('a file with any bit changed is damaged, or says the same', async () => {
  const file = join(folder, 'b.json')
  await keepStage(file, 'k', value)
  const bytes = await readFile(file)
  for (let bit = 0; bit < 8 * bytes.length; bit++) {
    const changed = Buffer.from(bytes)
    changed[bit >> 3] ^= 1 << (bit & 7)
    await writeFile(file, changed)
    // white space may become other white space
    const said = await keptStage(file, 'k', schema).then(
      kept => JSON.stringify(kept?.value),
      (error: unknown) => String(error)
    )
    if (said !== JSON.stringify(value)) expect(said).toMatch(/STATE_DAMAGED: .*b\.json is damaged.*remove this file/)
  }
})

it.each([
  '',
  '{',
  '[]',
  'null',
  '{"key":"k"}',
  '{"key":"k","sha256":"","value":{}}',
  '{"key":"k","value":{"losses":[1]}}',
  '['.repeat(100_000)
])('%j is no stage', async text => {
  const file = join(folder, 'c.json')
  await writeFile(file, text)
  await expect(keptStage(file, 'k', schema)).rejects.toThrow(/^STATE_DAMAGED/)
})

it('a forged stage with a digest of its own is damaged', async () => {
  const file = join(folder, 'd.json')
  for (const forged of [3, null, {}, { losses: 'none', name: 'x' }]) {
    await keepStage(file, 'k', forged)
    await expect(keptStage(file, 'k', schema)).rejects.toThrow(/^STATE_DAMAGED/)
    await expect(keptStage(file, 'k', trainingSummarySchema)).rejects.toThrow(/^STATE_DAMAGED/)
    await expect(keptStage(file, 'k', keptResultsSchema)).rejects.toThrow(/^STATE_DAMAGED/)
  }
})

it('numbers that are none come back as such: a model that diverged has results too', async () => {
  const file = join(folder, 'e.json')
  const results = [
    { suite: 'perplexity', version: 1, model: 'base', config: {}, metrics: { perplexity: Infinity }, details: {} }
  ]
  await keepStage(file, 'k', results)
  expect((await keptStage(file, 'k', keptResultsSchema))?.value[0].metrics).toEqual({ perplexity: NaN })
})
