import { createHash } from 'node:crypto'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { temporaryFolder } from '../test/folder.js'
import { openSafetensors } from './safetensors-file.js'
import { digestOfFile, readSealedSafetensors } from './sealed.js'
import { writeCheckpoint, writeSafetensors } from './write-checkpoint.js'

const tensors = [
  { name: 'b', shape: [2, 3], data: Float32Array.of(1, -2, 3.5, 0, NaN, 6) },
  { name: 'a', shape: [1], data: Float32Array.of(7) },
  { name: 'empty', shape: [0], data: new Float32Array(0) }
]

async function sealed() {
  const file = join(await temporaryFolder(), 'state.safetensors')
  await writeSafetensors(file, tensors, { metadata: { step: '3', sha256: 'mine' }, sealed: true })
  return file
}

it('a sealed file is read as it was written, by every reader', async () => {
  const file = await sealed()
  const { metadata, tensors: read } = await readSealedSafetensors(file)
  expect(metadata).toEqual({ step: '3' })
  expect(Object.fromEntries(read)).toEqual(
    Object.fromEntries(tensors.map(({ name, shape, data }) => [name, { shape, data }]))
  )
  const source = await openSafetensors(file)
  expect(await source.read('b')).toEqual(tensors[0].data)
  await source.close()
})

it('every bit of it counts', async () => {
  const file = await sealed()
  const bytes = await readFile(file)
  for (let bit = 0; bit < 8 * bytes.length; bit += 3) {
    const changed = Buffer.from(bytes)
    changed[bit >> 3] ^= 1 << (bit & 7)
    await writeFile(file, changed)
    await expect(readSealedSafetensors(file), `bit ${bit}`).rejects.toThrow(/^CHECKPOINT_/)
  }
  await writeFile(file, bytes)
  expect((await readSealedSafetensors(file)).tensors.size).toBe(3)
})

it('a file without a seal is not taken for a sealed one', async () => {
  const file = join(await temporaryFolder(), 'state.safetensors')
  for (const metadata of [{}, { sha256: '' }, { sha256: '0'.repeat(64) }]) {
    await writeSafetensors(file, tensors, { metadata })
    await expect(readSealedSafetensors(file)).rejects.toThrow(/^CHECKPOINT_DAMAGED/)
  }
})

it('a checkpoint tells the digests of its files, and how far it is', async () => {
  const folder = await temporaryFolder()
  const seen: [number, number][] = []
  const onProgress = (done: number, total: number) => void seen.push([done, total])
  const digests = await writeCheckpoint(folder, tensors, { maxShardBytes: 26, onProgress })
  expect([...digests.keys()].sort()).toEqual([
    'model-00001-of-00002.safetensors',
    'model-00002-of-00002.safetensors',
    'model.safetensors.index.json'
  ])
  for (const [name, digest] of digests) {
    expect(
      createHash('sha256')
        .update(await readFile(join(folder, name)))
        .digest('hex')
    ).toBe(digest)
    expect(await digestOfFile(join(folder, name))).toBe(digest)
  }
  expect(seen).toEqual([
    [4, 28],
    [28, 28]
  ])
})
