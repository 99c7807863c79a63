import { existsSync } from 'node:fs'
import { afterAll, expect, test } from 'vitest'
import { extendRecipe, Workspace } from './workspace.js'

const workspace = new Workspace()
const model = ['--model', '{"d": 32, "L": 1, "h": 2, "ff": 48, "V": 64, "T": 32}']
afterAll(() => workspace.remove())

interface Result {
  points: { method: string; target: number; peakMemoryMB: number; msPerStep: number }[]
  skipped: { target: number; reason: string }[]
  charts: { id: string }[]
}

test('bench overhead measures each target in a process of its own, and draws memory and time', async () => {
  const { code, stdout, stderr } = await workspace.run([
    'bench',
    'overhead',
    ...model,
    '--targets',
    '64',
    '128',
    '--full-length-to',
    '64',
    '--steps',
    '1',
    '--threads',
    '1',
    '--svg',
    'overhead',
    '--json'
  ])
  expect(stderr).not.toContain('INTERNAL')
  expect(code).toBe(0)
  const { points, skipped, charts } = JSON.parse(stdout) as Result
  expect(points.map(({ method, target }) => [method, target])).toEqual([
    ['pose', 64],
    ['full-length', 64],
    ['pose', 128]
  ])
  for (const { peakMemoryMB, msPerStep } of points) expect([peakMemoryMB > 50, msPerStep > 0]).toEqual([true, true])
  expect(skipped).toEqual([{ target: 128, reason: expect.stringContaining('--full-length-to 64') }])
  expect(charts.map(({ id }) => id)).toEqual(['overhead-memory', 'overhead-time'])
  for (const figure of ['memory', 'time']) expect(existsSync(workspace.path(`overhead-${figure}.svg`))).toBe(true)
})

test('with a recipe, it trains by both methods and draws what is validated by step', async () => {
  expect(await workspace.run(['train', 'train.yaml'])).toMatchObject({ code: 0 })
  const bench = ['bench', 'overhead', ...model, '--targets', '64', '--full-length-to', '32', '--steps', '1', '--recipe']
  expect(await workspace.run([...bench, 'extend.yaml'])).toMatchObject({
    code: 2,
    stderr: expect.stringMatching(/^BENCH_RECIPE: extend.yaml has no train.validate/m)
  })
  workspace.write(
    'validated.yaml',
    extendRecipe.replace(
      'checkpointEvery: 3',
      "validate: { every: 4, suite: { perplexity: { data: held-out.jsonl, windows: [128], documents: 1 } }, metric: 'perplexity@128' }"
    )
  )
  const { code, stdout } = await workspace.run([...bench, 'validated.yaml', '--svg', 'figure', '--json'])
  expect(code).toBe(0)
  const { scores, charts } = JSON.parse(stdout) as Result & {
    scores: { metric: string; points: { method: string; step: number; score: number }[] }
  }
  expect(scores.metric).toBe('perplexity@128')
  expect(scores.points.map(({ method, step }) => [method, step])).toEqual([
    ['pose', 4],
    ['pose', 8],
    ['full-length', 4],
    ['full-length', 8]
  ])
  for (const { score } of scores.points) expect(score).toBeGreaterThan(1)
  expect(scores.points[3].score).not.toBe(scores.points[1].score)
  expect(charts.map(({ id }) => id)).toEqual(['overhead-memory', 'overhead-time', 'overhead-score'])
  expect(existsSync(workspace.path('figure-score.svg'))).toBe(true)
  expect(existsSync(workspace.path('out/long'))).toBe(false)
})

test('a shape that is none is refused', async () => {
  expect(await workspace.run(['bench', 'overhead', '--model', '{"T": 0}'])).toMatchObject({
    code: 2,
    stderr: expect.stringMatching(/^BENCH_MODEL: /m)
  })
})
