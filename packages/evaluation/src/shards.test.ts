import { resultOfShard, type EvalContext, type EvalSuite, type LanguageModel } from '@skipwise/core'
import { inductionModel } from '@skipwise/testing'
import { mkdir, mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { z } from 'zod'
import { mergeShards } from './merge-shards.js'
import { recordEvaluations } from './record.js'
import { recordShards } from './shards.js'
import { tokenCount } from './token-count.js'

const root = await mkdtemp(join(tmpdir(), 'skipwise-shards-'))
afterAll(() => rm(root, { recursive: true, force: true }))
const folder = join(root, 'model')
await mkdir(folder)
await writeFile(join(folder, 'config.json'), '{}')

/** Sums that depend on the order of their terms in the last bits. */
const UNITS = 37
const value = (i: number) => Math.sin(i * 12.9898) * 10 ** (i % 7)

let computed: string[] = []
let fault: ((unit: string) => void) | undefined

const suite = (asks = true): EvalSuite => ({
  async run(model: LanguageModel, { seed, remember, only }: EvalContext) {
    const described = { suite: 'sums', version: 1, model: model.name, config: {} }
    const values: number[] = []
    for (let i = 0; i < UNITS; i++) {
      const unit = `unit ${i}`
      if (asks && only?.(unit) === false) continue
      const compute = async () => {
        fault?.(unit)
        computed.push(unit)
        return { value: value(i) + seed }
      }
      values.push((await (remember ? remember(unit, compute) : compute())).value)
    }
    if (only) return resultOfShard(described)
    return { ...described, metrics: { sum: values.reduce((a, b) => a + b, 0) }, details: { values } }
  },
  charts: () => []
})

const options = (name: string, made = suite(), device = 'cpu', config = {}) => ({
  registry: {
    resolveUnknown: () => made,
    find: () => ({ config: z.looseObject({ length: tokenCount(1).optional() }) })
  } as never,
  open: async () => inductionModel({ name: 'm' }),
  executor: { name: 'test', device },
  folder,
  name: 'm',
  suites: [{ name: 'sums', config }],
  seed: 3,
  resolvePath: (path: string) => join(root, path),
  fileOf: () => join(root, name)
})
const merging = {
  registry: { resolveUnknown: () => suite() } as never,
  describe: async () => inductionModel({ name: 'm' }),
  resolvePath: (path: string) => join(root, path)
}
const shardsOf = async (count: number, prefix = 'shard') => {
  const files: string[] = []
  for (let shard = 1; shard <= count; shard++) {
    await recordShards(options(`${prefix}-${shard}-of-${count}.json`), { shard, shards: count })
    files.push(join(root, `${prefix}-${shard}-of-${count}.json`))
  }
  return files
}
const problemOf = (files: readonly string[]) =>
  mergeShards(files, merging).then(
    () => 'merged',
    (error: Error) => error.message
  )

describe('shards', () => {
  test.each([1, 2, 5, 40])('%i of them, merged in any order, are the bytes of one process', async count => {
    const one = join(root, 'one.json')
    await recordEvaluations(options('one.json'))
    computed = []
    const files = await shardsOf(count)
    expect(computed.sort()).toEqual(Array.from({ length: UNITS }, (_, i) => `unit ${i}`).sort())
    const merged = join(root, `merged-${count}.json`)
    await mergeShards([...files].reverse(), { ...merging, output: merged })
    expect(await readFile(merged, 'utf8')).toBe(await readFile(one, 'utf8'))
  })

  test('a length with k is its number, in shards and in their merge', async () => {
    await recordEvaluations(options('number.json', suite(), 'cpu', { length: 2048 }))
    await recordShards(options('k.json', suite(), 'cpu', { length: '2k' }), { shard: 1, shards: 1 })
    const merged = join(root, 'merged-k.json')
    await mergeShards([join(root, 'k.json')], { ...merging, output: merged })
    expect(await readFile(merged, 'utf8')).toBe(await readFile(join(root, 'number.json'), 'utf8'))
  })

  test('a finished shard is not computed again, and one that was interrupted goes on', async () => {
    await rm(join(root, 'again.json'), { force: true })
    fault = unit => {
      if (unit === 'unit 10') throw new Error('killed')
    }
    const of = { shard: 1, shards: 2 }
    await expect(recordShards(options('again.json'), of)).rejects.toThrow('killed')
    fault = undefined
    computed = []
    const [first] = await recordShards(options('again.json'), of)
    expect(computed[0]).toBe('unit 10')
    computed = []
    expect(await recordShards(options('again.json'), of)).toEqual([first])
    expect(computed).toEqual([])
    expect((await readdir(root)).filter(name => name.startsWith('again'))).toEqual(['again.json'])
  })

  test('the same shard twice is one; with another answer it is an error that names both', async () => {
    const files = await shardsOf(2)
    expect(await problemOf([...files, files[0]])).toBe('merged')
    const shard = JSON.parse(await readFile(files[0], 'utf8')) as { units: unknown[]; run: Record<string, unknown> }
    const other = join(root, 'other.json')
    const wrong = suite()
    const run = wrong.run.bind(wrong)
    await recordShards(
      options('other.json', {
        ...wrong,
        run: (model, context) =>
          run(model, {
            ...context,
            remember: (unit, compute) => context.remember?.(unit, async () => ({ ...(await compute()), x: 1 })) as never
          })
      }),
      { shard: 1, shards: 2 }
    )
    expect(shard.units).toHaveLength(19)
    const message = await problemOf([...files, other])
    expect(message).toMatch(/EVAL_SHARD/)
    expect(message).toContain(files[0])
    expect(message).toContain(other)
    expect(message).toContain('different results')
  })

  test('gaps, other numbers of shards, executors, and damaged files are named', async () => {
    const files = await shardsOf(5)
    expect(await problemOf([files[0], files[2], files[4]])).toContain('of 5 shards, 2, 4 are missing')
    const [two] = await shardsOf(2)
    expect(await problemOf([...files, two])).toContain('are of different numbers of shards')
    const gpu = join(root, 'gpu.json')
    await recordShards(options('gpu.json', suite(), 'gpu'), { shard: 2, shards: 5 })
    expect(await problemOf([files[0], gpu])).toContain('were computed by two executors')
    const text = await readFile(files[1], 'utf8')
    await writeFile(
      files[1],
      text.replace(/("value": -?\d+\.\d*)(\d)/, (_, head: string, last: string) => head + (9 - Number(last)))
    )
    expect(await problemOf(files)).toContain(`${files[1]} has changed since it was written`)
    expect(await problemOf([join(root, 'no.json')])).toContain('does not exist')
  })

  test('another model or other data now are refused', async () => {
    const files = await shardsOf(2)
    await writeFile(join(folder, 'config.json'), '{"other": true}')
    expect(await problemOf(files)).toContain('is not the model that')
    await writeFile(join(folder, 'config.json'), '{}')
    expect(await problemOf(files)).toBe('merged')
  })

  test('a suite that does not ask is refused, and a file of something else stays', async () => {
    await expect(recordShards(options('asks.json', suite(false)), { shard: 1, shards: 2 })).rejects.toMatchObject({
      code: 'EVAL_SHARD'
    })
    await writeFile(join(root, 'mine.json'), '{"mine": 1}')
    await expect(recordShards(options('mine.json'), { shard: 1, shards: 2 })).rejects.toMatchObject({
      code: 'EVAL_OUTPUT'
    })
    expect(await readFile(join(root, 'mine.json'), 'utf8')).toBe('{"mine": 1}')
  })
})
