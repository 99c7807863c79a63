import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, readdir, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { removeEmptyFolder, removeOwnFile, removeOwnFiles, withTemporaryFolder } from './removal.js'

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'skipwise-removal-'))
})
afterEach(() => rm(folder, { recursive: true, force: true }))

const write = async (path: string) => {
  await mkdir(join(folder, path, '..'), { recursive: true })
  await writeFile(join(folder, path), 'text')
}

describe('removeOwnFile', () => {
  test('removes a file, and takes one that is missing as removed', async () => {
    await write('a')
    await removeOwnFile(join(folder, 'a'))
    await removeOwnFile(join(folder, 'a'))
    expect(await readdir(folder)).toEqual([])
  })

  test('removes a link and not what it leads to', async () => {
    await write('thesis.txt')
    await symlink('thesis.txt', join(folder, 'link'))
    await removeOwnFile(join(folder, 'link'))
    expect(await readdir(folder)).toEqual(['thesis.txt'])
  })

  test('never removes a folder', async () => {
    await mkdir(join(folder, 'empty'))
    await expect(removeOwnFile(join(folder, 'empty'))).rejects.toThrow()
    expect(existsSync(join(folder, 'empty'))).toBe(true)
  })
})

describe('removeEmptyFolder', () => {
  test('says whether the folder is gone', async () => {
    await write('full/file')
    await mkdir(join(folder, 'empty'))
    expect(await removeEmptyFolder(join(folder, 'empty'))).toBe(true)
    expect(await removeEmptyFolder(join(folder, 'missing'))).toBe(true)
    expect(await removeEmptyFolder(join(folder, 'full'))).toBe(false)
    expect(existsSync(join(folder, 'full/file'))).toBe(true)
  })
})

describe('removeOwnFiles', () => {
  test('removes what is ours by name, and says what stays', async () => {
    for (const path of ['state', 'tokens/a.tokens', 'tokens/notes.md', 'deep/er/state', 'thesis.txt']) await write(path)
    const kept = await removeOwnFiles(folder, path => /(^|\/)state$|\.tokens$/.test(path))
    expect(kept).toEqual(['thesis.txt', 'tokens/notes.md'])
    expect((await readdir(folder)).sort()).toEqual(['thesis.txt', 'tokens'])
  })

  test('removes the folder too when nothing stays', async () => {
    await write('inner/state')
    expect(await removeOwnFiles(join(folder, 'inner'), () => true)).toEqual([])
    expect(await readdir(folder)).toEqual([])
  })

  test('does not go through a link to a folder', async () => {
    await write('elsewhere/state')
    await mkdir(join(folder, 'inner'))
    await symlink('../elsewhere', join(folder, 'inner/link'))
    expect(await removeOwnFiles(join(folder, 'inner'), path => path !== 'link')).toEqual(['link'])
    expect(existsSync(join(folder, 'elsewhere/state'))).toBe(true)
  })
})

test('withTemporaryFolder leaves nothing, also when the work fails', async () => {
  let seen = ''
  const work = withTemporaryFolder('skipwise-test-', async path => {
    seen = path
    await writeFile(join(path, 'file'), 'text')
    throw new Error('failed')
  })
  await expect(work).rejects.toThrow('failed')
  expect(seen).not.toBe('')
  expect(existsSync(seen)).toBe(false)
})
