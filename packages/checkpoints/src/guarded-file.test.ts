import { execFileSync } from 'node:child_process'
import { mkdir, symlink, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { temporaryFolder } from '../test/folder.js'
import { FILE_LIMITS } from './file-limits.js'
import { checkFolderFile, readFolderFile, readNamedFile } from './guarded-file.js'
import { readFolderJson } from './json-file.js'
import { readConfigFile, readModelConfig } from './model-config.js'

const text = (bytes: Uint8Array | undefined) => bytes && new TextDecoder().decode(bytes)
const pipe = (path: string) => execFileSync('mkfifo', [path])

/** A file in a folder of its own, which no model folder holds. */
async function secret(): Promise<string> {
  const file = join(await temporaryFolder(), 'id_rsa')
  await writeFile(file, 'secret')
  return file
}

describe('a file of a folder', () => {
  it('is read, also through links within the folder', async () => {
    const folder = await temporaryFolder()
    await mkdir(join(folder, 'texts'))
    await writeFile(join(folder, 'texts', 'licence.txt'), 'Apache')
    await symlink(join('texts', 'licence.txt'), join(folder, 'LICENSE'))
    expect(text(await readFolderFile(folder, 'LICENSE'))).toBe('Apache')
    expect(await checkFolderFile(folder, 'LICENSE')).toBe(true)
  })

  it('may be missing, and so may its folder', async () => {
    const folder = await temporaryFolder()
    expect(await readFolderFile(folder, 'LICENSE')).toBeUndefined()
    expect(await readFolderFile(join(folder, 'nowhere'), 'LICENSE')).toBeUndefined()
    expect(await checkFolderFile(folder, 'LICENSE')).toBe(false)
  })

  it('is refused where a link leads out of the folder, by whatever way', async () => {
    const folder = await temporaryFolder()
    const target = await secret()
    await symlink(target, join(folder, 'LICENSE'))
    await symlink('LICENSE', join(folder, 'NOTICE'))
    await symlink(join(target, '..'), join(folder, 'elsewhere'))
    await symlink(join('elsewhere', 'id_rsa'), join(folder, 'config.json'))
    for (const name of ['LICENSE', 'NOTICE', 'config.json']) {
      await expect(readFolderFile(folder, name), name).rejects.toThrow(/^FILE_REFUSED.*points outside the folder/)
      await expect(checkFolderFile(folder, name), name).rejects.toThrow(/^FILE_REFUSED/)
    }
    await expect(readModelConfig(folder)).rejects.toThrow(/^FILE_REFUSED/)
  })

  it('is not taken for inside because a folder beside it has a longer name', async () => {
    const parent = await temporaryFolder()
    await mkdir(join(parent, 'model'))
    await mkdir(join(parent, 'model-of-others'))
    await writeFile(join(parent, 'model-of-others', 'LICENSE'), 'secret')
    await symlink(join('..', 'model-of-others', 'LICENSE'), join(parent, 'model', 'LICENSE'))
    await expect(readFolderFile(join(parent, 'model'), 'LICENSE')).rejects.toThrow(/^FILE_REFUSED.*points outside/)
  })

  it('may lie in the blobs of the cache that the folder is a snapshot of, and in no other', async () => {
    const cache = await temporaryFolder()
    const [own, other] = ['models--owner--name', 'models--owner--other'].map(name => join(cache, name))
    for (const repository of [own, other]) {
      await mkdir(join(repository, 'blobs', 'deeper'), { recursive: true })
      await writeFile(join(repository, 'blobs', 'abc'), 'content')
      await writeFile(join(repository, 'blobs', 'deeper', 'abc'), 'content')
    }
    const snapshot = join(own, 'snapshots', '0123')
    await mkdir(snapshot, { recursive: true })
    await symlink('../../blobs/abc', join(snapshot, 'tokenizer.json'))
    await symlink('../../../models--owner--other/blobs/abc', join(snapshot, 'LICENSE'))
    await symlink('../../blobs/deeper/abc', join(snapshot, 'NOTICE'))
    expect(text(await readFolderFile(snapshot, 'tokenizer.json'))).toBe('content')
    await expect(readFolderFile(snapshot, 'LICENSE')).rejects.toThrow(/^FILE_REFUSED/)
    await expect(readFolderFile(snapshot, 'NOTICE')).rejects.toThrow(/^FILE_REFUSED/)
    // the same links in a folder that is not a snapshot
    await mkdir(join(own, 'copies', '0123'), { recursive: true })
    await symlink('../../blobs/abc', join(own, 'copies', '0123', 'LICENSE'))
    await expect(readFolderFile(join(own, 'copies', '0123'), 'LICENSE')).rejects.toThrow(/^FILE_REFUSED/)
  })

  it('is refused without waiting where it is a pipe, a device, a folder or a circle of links', async () => {
    const folder = await temporaryFolder()
    pipe(join(folder, 'chat_template.jinja'))
    await symlink('/dev/zero', join(folder, 'generation_config.json'))
    await mkdir(join(folder, 'tokenizer.json'))
    await symlink('NOTICE', join(folder, 'LICENSE'))
    await symlink('LICENSE', join(folder, 'NOTICE'))
    for (const name of ['chat_template.jinja', 'tokenizer.json']) {
      await expect(readFolderFile(folder, name), name).rejects.toThrow(/^FILE_REFUSED.*not a regular file/)
    }
    await expect(readFolderFile(folder, 'generation_config.json')).rejects.toThrow(/^FILE_REFUSED.*\/dev\/zero/)
    await expect(readFolderFile(folder, 'LICENSE')).rejects.toThrow(/^FILE_REFUSED.*ELOOP/)
  })

  it('is refused beyond the size of its kind, before a byte is read', async () => {
    const folder = await temporaryFolder()
    const limits = {
      'config.json': 'config',
      'model.safetensors.index.json': 'index',
      'tokenizer.json': 'tokenizer',
      'tokenizer.model': 'sentencepiece',
      'merges.txt': 'vocabulary',
      'added_tokens.json': 'settings',
      'chat_template.jinja': 'template',
      'LICENSE.md': 'licence',
      'skipwise.json': 'result'
    } as const
    for (const [name, kind] of Object.entries(limits)) {
      await writeFile(join(folder, name), '')
      // sparse: it takes no room on the disk
      await truncate(join(folder, name), FILE_LIMITS[kind] + 1)
      await expect(readFolderFile(folder, name), name).rejects.toThrow(`more than the limit of ${FILE_LIMITS[kind]} `)
      await truncate(join(folder, name), FILE_LIMITS[kind])
      expect(await checkFolderFile(folder, name), name).toBe(true)
    }
  })

  it.each(['', '.', '..', '../id_rsa', '/etc/passwd', 'a\0b', 'a/b', 'a\\b'])('is not called %j', async name => {
    await expect(readFolderFile(await temporaryFolder(), name)).rejects.toThrow(/^FILE_REFUSED.*plain file name/)
  })
})

describe('a file that is named', () => {
  it('may be a link to anywhere', async () => {
    const folder = await temporaryFolder()
    await symlink(await secret(), join(folder, 'recipe.yaml'))
    expect(text(await readNamedFile(join(folder, 'recipe.yaml'), 'recipe'))).toBe('secret')
    expect(await readNamedFile(join(folder, 'nothing.yaml'), 'recipe')).toBeUndefined()
  })

  it('is refused where it is a pipe, a device, a folder, or too large', async () => {
    const folder = await temporaryFolder()
    pipe(join(folder, 'pipe'))
    await writeFile(join(folder, 'large'), '')
    await truncate(join(folder, 'large'), FILE_LIMITS.recipe + 1)
    for (const file of [join(folder, 'pipe'), folder, '/dev/zero', join(folder, 'large')]) {
      await expect(readNamedFile(file, 'recipe'), file).rejects.toThrow(/^FILE_REFUSED/)
    }
    await expect(readConfigFile(join(folder, 'pipe'))).rejects.toThrow(/^FILE_REFUSED/)
    await expect(readConfigFile('/dev/zero')).rejects.toThrow(/^FILE_REFUSED/)
  })
})

describe('a JSON file of a folder', () => {
  it.each([
    ['lists', '['.repeat(101) + ']'.repeat(101)],
    ['objects', '{"a":'.repeat(5000) + '1' + '}'.repeat(5000)],
    ['lists that do not end', '['.repeat(1e6)]
  ])('is refused with %s in one another beyond any use', async (_, deep) => {
    const folder = await temporaryFolder()
    await writeFile(join(folder, 'tokenizer_config.json'), `{"a": ${deep}}`)
    await expect(readFolderJson(folder, 'tokenizer_config.json', 'SOME_CODE')).rejects.toThrow(
      /^SOME_CODE.*nested more than/
    )
  })

  it('may have brackets and quotes in its texts', async () => {
    const folder = await temporaryFolder()
    const value = { a: '['.repeat(500), b: '\\"[{'.repeat(500), c: ['\\'] }
    await writeFile(join(folder, 'a.json'), JSON.stringify(value))
    expect(await readFolderJson(folder, 'a.json', 'SOME_CODE')).toEqual(value)
  })
})
