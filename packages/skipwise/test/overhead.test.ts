import { existsSync } from 'node:fs'
import { afterAll, expect, test } from 'vitest'
import { Workspace } from './workspace.js'

const workspace = new Workspace(), model = ['--model', '{"d": 32, "L": 1, "h": 2, "ff": 48, "V": 64, "T": 32}']
afterAll(() => workspace.remove())

interface Result {
  points: { method: string; target: number; peakMemoryMB: number; msPerStep: number }[]
  skipped: { target: number; reason: string }[]
  charts: { id: string }[]
}

test('bench overhead measures each target in a process of its own, and draws memory and time', async () => {
  const { code, stdout, stderr } = await workspace.run(['bench', 'overhead', ...model, '--targets', '64', '128', '--full-length-to', '64', '--steps', '1', '--threads', '1', '--svg', 'overhead', '--json'])
  expect(stderr).not.toContain('INTERNAL')
  expect(code).toBe(0)
  const { points, skipped, charts } = JSON.parse(stdout) as Result
  expect(points.map(({ method, target }) => [method, target])).toEqual([['pose', 64], ['full-length', 64], ['pose', 128]])
  for (const { peakMemoryMB, msPerStep } of points) expect([peakMemoryMB > 50, msPerStep > 0]).toEqual([true, true])
  expect(skipped).toEqual([{ target: 128, reason: expect.stringContaining('--full-length-to 64') }])
  expect(charts.map(({ id }) => id)).toEqual(['overhead-memory', 'overhead-time'])
  for (const figure of ['memory', 'time']) expect(existsSync(workspace.path(`overhead-${figure}.svg`))).toBe(true)
})

test('a shape that is none is refused', async () => {
  expect(await workspace.run(['bench', 'overhead', '--model', '{"T": 0}'])).toMatchObject({ code: 2, stderr: expect.stringMatching(/^BENCH_MODEL: /m) })
})
