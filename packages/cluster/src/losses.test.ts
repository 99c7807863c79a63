import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { readLosses } from './losses.js'

const root = await mkdtemp(join(tmpdir(), 'skipwise-losses-'))
afterAll(() => rm(root, { recursive: true, force: true }))

const line = (step: number, loss: number, learningRate = 0.5) =>
  `${JSON.stringify({ step, loss, gradientNorm: 1, learningRate, time: 1e9 + step })}\n`
const read = async (text: string, steps = 2) => {
  await writeFile(join(root, 'losses.jsonl'), text)
  return readLosses(root, { steps, rates: [0.5, 0.5] })
}

test('the last line of a step counts, and half a line does not', async () => {
  const steps = await read(`${line(1, 9)}{"step": 2, "lo\n${line(1, 3)}${line(2, 2)}{"step"`)
  expect(steps.map(({ step, loss }) => [step, loss])).toEqual([
    [1, 3],
    [2, 2]
  ])
  expect(steps[0].time).toBe('2001-09-09T01:46:41.000Z')
})

test('a step that is missing, or has another rate, is named', async () => {
  await expect(read(line(1, 3))).rejects.toMatchObject({
    code: 'CLUSTER_UNFINISHED',
    message: expect.stringContaining('no loss of step 2 of 2')
  })
  await expect(read(line(1, 3) + line(2, 3, 0.4))).rejects.toMatchObject({
    code: 'CLUSTER_RUN',
    message: expect.stringContaining('the rate of step 2 was 0.4')
  })
  await rm(join(root, 'losses.jsonl'))
  await expect(readLosses(root, { steps: 1, rates: [1] })).rejects.toMatchObject({ code: 'CLUSTER_UNFINISHED' })
})
