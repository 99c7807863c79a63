import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { mkdir, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { checkDigestList, demandUnchanged, DIGEST_LIST, writeDigestList } from './digest-list.js'

async function output(): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'skipwise-digests-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  await mkdir(join(folder, 'adapter'))
  await writeFile(join(folder, 'model.safetensors'), 'weights')
  await writeFile(join(folder, 'config.json'), '{}')
  await writeFile(join(folder, 'adapter', 'adapter config.json'), '{"r": 4}')
  await writeDigestList(folder)
  return folder
}

test('a folder is as it was written', async () => {
  const folder = await output()
  expect(await checkDigestList(folder)).toEqual({ folder, files: 3, changed: [], missing: [] })
  await demandUnchanged(folder, 'mend it')
  execFileSync('sha256sum', ['--check', '--strict', DIGEST_LIST], { cwd: folder, stdio: 'pipe' })
})

test('a changed file, a missing one and one that became a pipe are named; a new one is not looked at', async () => {
  const folder = await output()
  await writeFile(join(folder, 'model.safetensors'), 'weightt')
  await rm(join(folder, 'config.json'))
  await rm(join(folder, 'adapter', 'adapter config.json'))
  execFileSync('mkfifo', [join(folder, 'adapter', 'adapter config.json')])
  await writeFile(join(folder, 'notes.txt'), 'mine')
  expect(await checkDigestList(folder)).toEqual({
    folder,
    files: 0,
    changed: ['model.safetensors'],
    missing: ['adapter/adapter config.json', 'config.json']
  })
  await expect(demandUnchanged(folder, 'mend it')).rejects.toThrow(
    /^OUTPUT_DAMAGED.*model\.safetensors has changed since it was written.*mend it$/
  )
})

test('files that are added later join the list, those in it keep their digest', async () => {
  const folder = await output()
  await writeFile(join(folder, 'config.json'), 'damaged')
  await writeFile(join(folder, 'skipwise.json'), '{"a": 1}')
  await writeDigestList(folder)
  expect(await checkDigestList(folder)).toMatchObject({ files: 3, changed: ['config.json'] })
})

test('every bit of the list counts', async () => {
  const folder = await output()
  const file = join(folder, DIGEST_LIST)
  const bytes = await readFile(file)
  for (let bit = 0; bit < 8 * bytes.length; bit++) {
    const changed = Buffer.from(bytes)
    changed[bit >> 3] ^= 1 << (bit & 7)
    await writeFile(file, changed)
    await expect(demandUnchanged(folder, 'mend it'), `bit ${bit}`).rejects.toThrow(/^OUTPUT_DAMAGED/)
  }
})

test.each(['', 'x', `${'0'.repeat(64)}  /etc/passwd\n`, `${'0'.repeat(64)}  ../x\n`, `${'0'.repeat(64)}  a/../../x\n`])(
  '%j is no list',
  async text => {
    const folder = await output()
    await writeFile(join(folder, DIGEST_LIST), text)
    await expect(checkDigestList(folder)).rejects.toThrow(/^OUTPUT_DAMAGED/)
  }
)

test('a list that is gone, or leads elsewhere, is said', async () => {
  const folder = await output()
  await rm(join(folder, DIGEST_LIST))
  await expect(checkDigestList(folder)).rejects.toThrow(/^OUTPUT_DAMAGED.*has no SHA256SUMS/)
  await symlink('/dev/zero', join(folder, DIGEST_LIST))
  await expect(checkDigestList(folder)).rejects.toThrow(/^FILE_REFUSED/)
})
