import { appendFile, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { execFileSync } from 'node:child_process'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it, onTestFinished } from 'vitest'
import { countingTokenizer } from '../test/helpers.js'
import { loadCorpus } from './index.js'
import { matchFiles } from './glob.js'
import { readSmall } from './small-files.js'

async function emptyFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'skipwise-small-'))
  onTestFinished(() => rm(folder, { recursive: true }))
  return folder
}

it('reads a file of up to a megabyte, and nothing else', async () => {
  const folder = await emptyFolder()
  const file = join(folder, 'a.txt')
  await writeFile(file, '')
  expect(readSmall(file)).toHaveLength(0)
  await writeFile(file, 'ab'.repeat(1 << 19))
  expect(readSmall(file)?.length).toBe(1 << 20)
  await appendFile(file, 'c')
  expect(readSmall(file)).toBeUndefined()
  expect(readSmall(folder)).toBeUndefined()
  expect(() => readSmall(join(folder, 'b.txt'))).toThrow('ENOENT')
})

it.skipIf(process.platform === 'win32')('waits for no pipe', async () => {
  const pipe = join(await emptyFolder(), 'pipe.txt')
  execFileSync('mkfifo', [pipe])
  expect(readSmall(pipe)).toBeUndefined()
})

it('takes links to files next to files, and none to folders or to nothing', async () => {
  const folder = await emptyFolder()
  await mkdir(join(folder, 'in'))
  await writeFile(join(folder, 'a.txt'), 'text')
  await symlink('a.txt', join(folder, 'b.txt'))
  await symlink('in', join(folder, 'c.txt'))
  await symlink('nothing', join(folder, 'd.txt'))
  expect(await matchFiles(['*.txt'], folder)).toEqual(['a.txt', 'b.txt'].map(name => join(folder, name)))
})

it('stops between small files', async () => {
  const folder = await emptyFolder()
  for (let i = 0; i < 300; i++) await writeFile(join(folder, `${i}.txt`), 'text')
  const controller = new AbortController()
  let documents = 0
  const tokenizer = countingTokenizer({
    encode: text => {
      documents++
      const end = performance.now() + 5
      while (performance.now() < end);
      return Int32Array.from(text, () => 1)
    }
  })
  setTimeout(() => controller.abort(new Error('stopped')), 0)
  const options = { baseFolder: folder, signal: controller.signal }
  await expect(loadCorpus(['*.txt'], tokenizer, options)).rejects.toThrow('stopped')
  expect(documents).toBeLessThan(300)
})
