import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { claimStateFolder, isInside } from './state-folder.js'

let folder: string
let path: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'skipwise-state-'))
  path = join(folder, 'out.training')
})
afterEach(() => rm(folder, { recursive: true, force: true }))

const claim = (inputs: readonly string[] = []) => claimStateFolder(path, inputs)
const write = async (name: string, text = 'text') => {
  await mkdir(join(folder, name, '..'), { recursive: true })
  await writeFile(join(folder, name), text)
}

describe('a state folder', () => {
  test('that is missing or empty is taken, and goes when nothing was kept in it', async () => {
    const first = await claim()
    expect((await readdir(path)).sort()).toEqual(['run.lock', 'skipwise-state.json'])
    await first.release()
    expect(existsSync(path)).toBe(false)
    await mkdir(path)
    await (await claim()).release()
    expect(existsSync(path)).toBe(false)
  })

  test('stays with its state when it is released, and is taken again', async () => {
    const first = await claim()
    await write('out.training/state.safetensors')
    await first.release()
    expect((await readdir(path)).sort()).toEqual(['skipwise-state.json', 'state.safetensors'])
    await (await claim()).finish()
    expect(existsSync(path)).toBe(false)
  })

  test.each(['thesis.txt', 'state.safetensors', 'model/config.json'])(
    'with %s and without our mark is refused and left as it is',
    async name => {
      await write(`out.training/${name}`, 'mine')
      await expect(claim()).rejects.toMatchObject({ code: 'STATE_FOREIGN', problem: expect.stringContaining(path) })
      expect(await readdir(path)).toEqual([name.split('/')[0]])
      expect(await readFile(join(path, name), 'utf8')).toBe('mine')
    }
  )

  test('with a mark of somebody else is refused', async () => {
    for (const text of ['{}', '[]', 'null', '"skipwise"', '{"madeBy": "other"}', '{"madeBy"']) {
      await write('out.training/skipwise-state.json', text)
      await expect(claim()).rejects.toMatchObject({ code: 'STATE_FOREIGN' })
    }
  })

  test('that is a file or a link is refused', async () => {
    await write('out.training')
    await expect(claim()).rejects.toMatchObject({ code: 'STATE_FOREIGN' })
    await rm(path)
    await mkdir(join(folder, 'elsewhere'))
    await symlink('elsewhere', path)
    await expect(claim()).rejects.toMatchObject({ code: 'STATE_FOREIGN' })
  })

  test('may hold no input of the run, by whatever path', async () => {
    const held = await claim()
    await write('out.training/model/config.json')
    await held.release()
    await symlink('out.training/model', join(folder, 'link'))
    for (const input of ['out.training', 'out.training/model', 'link', 'link/config.json']) {
      await expect(claim([join(folder, input)])).rejects.toMatchObject({
        code: 'STATE_FOREIGN',
        problem: expect.stringContaining('input')
      })
    }
    await (await claim([folder, join(folder, 'missing')])).release()
  })

  test('is refused to the second run, which says who has it', async () => {
    const first = await claim()
    await expect(claim()).rejects.toMatchObject({
      code: 'STATE_IN_USE',
      problem: expect.stringMatching(new RegExp(`process ${process.pid} on .* since 20`))
    })
    await first.release()
    await (await claim()).release()
  })

  test('loses what a run wrote and keeps what others put there', async () => {
    const state = await claim()
    const own = [
      'state.safetensors',
      'best.safetensors',
      'base.json',
      'trained.json',
      'base-0.journal',
      'a "name"-12.journal',
      `tokens/${'0a'.repeat(32)}.tokens`,
      `tokens/${'0a'.repeat(32)}.tokens.77.0a1b2c3d.tmp`,
      'metrics/metrics.jsonl',
      'metrics/events.out.tfevents.0000000000.skipwise',
      '.state.safetensors.77.0a1b2c3d.tmp',
      'model/.config.json.77.0a1b2c3d.tmp'
    ]
    for (const name of own) await write(`out.training/${name}`)
    for (const name of ['thesis.txt', 'tokens/notes.md', 'model/LICENSE']) await write(`out.training/${name}`)
    expect(await state.finish()).toEqual(['model/LICENSE', 'thesis.txt', 'tokens/notes.md'])
    expect((await readdir(path, { recursive: true })).sort()).toEqual([
      'model',
      'model/LICENSE',
      'thesis.txt',
      'tokens',
      'tokens/notes.md'
    ])
  })

  test('is taken by one of many that begin at once', async () => {
    const results = await Promise.allSettled(Array.from({ length: 8 }, () => claim()))
    expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
    for (const result of results)
      if (result.status === 'rejected') expect(result.reason).toMatchObject({ code: 'STATE_IN_USE' })
  })
})

test.each([
  ['/a/b', '/a', true],
  ['/a', '/a', true],
  ['/ab', '/a', false],
  ['/a', '/a/b', false],
  ['/a/..b', '/a', true],
  ['/b', '/a', false]
])('isInside(%j, %j) is %j', (one, other, inside) => {
  expect(isInside(one, other)).toBe(inside)
})

test.runIf(existsSync('/proc/self'))(
  'a state folder is not made in a file system of the kernel, where making folders never ends',
  async () => {
    await expect(claimStateFolder('/proc/foo/out.training', [])).rejects.toMatchObject({ code: 'OUTPUT_WRITE_FAILED' })
  }
)
