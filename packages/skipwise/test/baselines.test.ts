import { readdirSync } from 'node:fs'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { extendRecipe, Workspace } from './workspace.js'

const workspace = new Workspace()
beforeAll(async () => expect(await workspace.run(['train', 'train.yaml'])).toMatchObject({ code: 0 }))
afterAll(() => workspace.remove())

interface Result {
  readonly runs: readonly {
    readonly method: string
    readonly training: { readonly losses: readonly number[]; readonly tokens: number }
  }[]
  readonly skipped: readonly { readonly method: string; readonly reason: string }[]
  readonly table: { readonly headers: readonly string[]; readonly rows: readonly (readonly (string | number)[])[] }
}

const evaluate = 'evaluate: [{ perplexity: { data: held-out.jsonl, windows: [32, 128], documents: 1 } }]\n'
const recipe = (more = '') =>
  extendRecipe
    .replace(/evaluate:[^]*(?=output)/, evaluate)
    .replace('steps: 8', 'steps: 2')
    .replace('files: [text.jsonl]', `files: [text.jsonl]${more}`)

test('bench baselines trains one recipe by all six methods, and puts them into one table', async () => {
  workspace.write('compare.yaml', recipe())
  const { code, stdout, stderr } = await workspace.run(['bench', 'baselines', '--recipe', 'compare.yaml', '--json'])
  expect(code, stderr).toBe(0)
  const { runs, skipped, table } = JSON.parse(stdout) as Result
  expect(skipped).toEqual([])
  expect(runs.map(({ method }) => method)).toEqual([
    'full-length',
    'randpos',
    'contiguous',
    'pose-1',
    'pose-2',
    'pose-3'
  ])
  expect(runs.map(({ training }) => training.tokens)).toEqual([512, 128, 128, 128, 128, 128])
  expect(table.headers).toEqual(['trained by', 'ms a step', 'peak MB', 'loss', 'perplexity@32', 'perplexity@128'])
  expect(table.rows.map(([title]) => title)).toEqual([
    'base model',
    'full length',
    'RandPos',
    'interpolation, no skips',
    'PoSE, N = 1',
    'PoSE, N = 2',
    'PoSE, N = 3'
  ])
  for (const [, , , , ...scores] of table.rows) for (const score of scores) expect(score).toBeGreaterThan(1)
  // no two methods place tokens alike, but for one chunk without skips
  expect(new Set(runs.map(({ training }) => training.losses[1])).size).toBeGreaterThanOrEqual(5)
  expect(readdirSync(workspace.folder)).not.toContain('out')
}, 120_000)

test('a method that the documents are too short for is left out, and why is said', async () => {
  workspace.write(
    'short.jsonl',
    Array.from({ length: 20 }, (_, i) => JSON.stringify({ text: `${i} `.repeat(20) })).join('\n')
  )
  workspace.write('short.yaml', recipe().replace('text.jsonl', 'short.jsonl'))
  const { code, stdout, stderr } = await workspace.run([
    'bench',
    'baselines',
    '--recipe',
    'short.yaml',
    '--only',
    'full-length',
    'pose-2',
    '--json'
  ])
  expect(code, stderr).toBe(0)
  const { runs, skipped } = JSON.parse(stdout) as Result
  expect([runs.map(({ method }) => method), skipped]).toEqual([
    ['pose-2'],
    [{ method: 'full-length', reason: expect.stringMatching(/^DATA_TOO_SHORT: /) }]
  ])
  expect(await workspace.run(['bench', 'baselines'])).toMatchObject({
    code: 2,
    stderr: expect.stringMatching(/^CLI_USAGE: missing option: --recipe/m)
  })
  expect(await workspace.run(['bench', 'baselines', '--recipe', 'short.yaml', '--only', 'pose'])).toMatchObject({
    code: 2,
    stderr: expect.stringMatching(/^CLI_USAGE: there is no method called 'pose'/m)
  })
})
