import { sharedFixture } from '@skipwise/testing'
import { createHash } from 'node:crypto'
import { copyFile, mkdir, rename, rm, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it, test } from 'vitest'
import { temporaryFolder } from '../test/folder.js'
import { golden } from '../test/golden.js'
import { openCheckpoint } from './checkpoint.js'
import { openSafetensors } from './safetensors-file.js'
import { writeCheckpoint } from './write-checkpoint.js'

const models = sharedFixture('models')

describe.skipIf(!models)('models written by transformers', () => {
  test.for(['llama-default', 'llama-sharded-bf16'])('%s: every element as torch reads it', async name => {
    const checkpoint = await openCheckpoint(join(models as string, name))
    const expected = golden('models.json')[name] as Record<
      string,
      { dtype: string; shape: number[]; file: string; first: number[]; sha256AsFloat32: string }
    >
    expect(checkpoint.names).toEqual(Object.keys(expected).sort())
    expect(checkpoint.metadata).toEqual({ format: 'pt' })
    for (const [tensor, { dtype, shape, file, first, sha256AsFloat32 }] of Object.entries(expected)) {
      const values = await checkpoint.read(tensor)
      const info = checkpoint.info(tensor)
      expect(info.dtype).toBe({ 'torch.float32': 'F32', 'torch.bfloat16': 'BF16' }[dtype])
      expect([info.shape, info.file]).toEqual([shape, join(models as string, name, file)])
      expect(Array.from(values.subarray(0, 3))).toEqual(first)
      expect(createHash('sha256').update(new Uint8Array(values.buffer)).digest('hex'), tensor).toBe(sha256AsFloat32)
    }
    await checkpoint.close()
  })

  test('expected.safetensors: integers and floats', async () => {
    const file = await openSafetensors(join(models as string, 'llama-default/expected.safetensors'))
    const ids = await file.readIntegers('input_ids')
    expect([ids.length, Math.min(...ids) >= 0, Math.max(...ids) < 64]).toEqual([80, true, true])
    expect((await file.read('logits')).length).toBe(2 * 40 * 64)
    await file.close()
  })
})

const tensors = [
  { name: 'a', shape: [2, 2], data: Float32Array.of(1, 2, 3, 4) },
  { name: 'b', shape: [4], data: Float32Array.of(5, 6, 7, 8) }
]

/** A folder with two shards: tensor a, tensor b. */
async function sharded(): Promise<{ folder: string; reindex: (weightMap: unknown) => Promise<void> }> {
  const folder = await temporaryFolder()
  await writeCheckpoint(folder, tensors, { maxShardBytes: 16 })
  return {
    folder,
    reindex: weightMap =>
      writeFile(join(folder, 'model.safetensors.index.json'), JSON.stringify({ weight_map: weightMap }))
  }
}

const shard = (i: number) => `model-0000${i}-of-00002.safetensors`

describe('openCheckpoint', () => {
  test('prefers the single file, as transformers does', async () => {
    const { folder } = await sharded()
    const single = await temporaryFolder()
    await writeCheckpoint(single, [{ name: 'c', shape: [1], data: Float32Array.of(9) }])
    await copyFile(join(single, 'model.safetensors'), join(folder, 'model.safetensors'))
    const checkpoint = await openCheckpoint(folder)
    expect(checkpoint.names).toEqual(['c'])
    await checkpoint.close()
  })

  it('says what a folder without weights has', async () => {
    const folder = await temporaryFolder()
    await expect(openCheckpoint(folder)).rejects.toThrow(/^CHECKPOINT_NOT_FOUND/)
    await expect(openCheckpoint(join(folder, 'absent'))).rejects.toThrow(/^CHECKPOINT_NOT_FOUND/)
    await writeFile(join(folder, 'model.gguf'), '')
    await expect(openCheckpoint(folder)).rejects.toThrow(/model\.gguf.*convert/)
  })

  it.for([
    '../outside.safetensors',
    '/etc/passwd',
    'sub/model.safetensors',
    'sub\\model.safetensors',
    '..',
    '.',
    '',
    'C:model',
    'a\0b'
  ])('refuses the shard name %j', async name => {
    const { folder, reindex } = await sharded()
    await reindex({ a: name })
    await expect(openCheckpoint(folder)).rejects.toThrow(/^CHECKPOINT_INDEX_UNSAFE/)
  })

  it('refuses a link out of the folder, follows one inside it', async () => {
    const { folder } = await sharded()
    const elsewhere = await temporaryFolder()
    await rename(join(folder, shard(1)), join(elsewhere, 'weights'))
    await symlink(join(elsewhere, 'weights'), join(folder, shard(1)))
    await expect(openCheckpoint(folder)).rejects.toThrow(/^CHECKPOINT_INDEX_UNSAFE.*points outside/)
    await rm(join(folder, shard(1)))
    await rename(join(elsewhere, 'weights'), join(folder, 'weights'))
    await symlink('weights', join(folder, shard(1)))
    const checkpoint = await openCheckpoint(folder)
    expect(await checkpoint.read('a')).toEqual(tensors[0].data)
    await checkpoint.close()
  })

  it('follows the links of a Hugging Face cache', async () => {
    const { folder } = await sharded()
    const cache = await temporaryFolder()
    const snapshot = join(cache, 'models--owner--name', 'snapshots', '0123abc')
    const blobs = join(cache, 'models--owner--name', 'blobs')
    await mkdir(snapshot, { recursive: true })
    await mkdir(blobs)
    for (const file of [shard(1), shard(2), 'model.safetensors.index.json']) {
      await copyFile(join(folder, file), join(blobs, `blob-${file}`))
      await symlink(`../../blobs/blob-${file}`, join(snapshot, file))
    }
    const checkpoint = await openCheckpoint(snapshot)
    expect(await checkpoint.read('b')).toEqual(tensors[1].data)
    await checkpoint.close()
  })

  it('names a missing shard and a tensor that its shard lacks', async () => {
    const { folder, reindex } = await sharded()
    await reindex({ a: shard(1), b: shard(1) })
    await expect(openCheckpoint(folder)).rejects.toThrow(/^CHECKPOINT_TENSOR_MISSING.*'b'/)
    await reindex({ a: shard(1), b: 'model-00003-of-00003.safetensors' })
    await expect(openCheckpoint(folder)).rejects.toThrow(/^CHECKPOINT_NOT_FOUND.*00003/)
  })

  it.for(['', '{', '[]', '{}', '{"weight_map": []}', '{"weight_map": {"a": 1}}', '{"weight_map": null}'])(
    'refuses the index %j',
    async text => {
      const { folder } = await sharded()
      await writeFile(join(folder, 'model.safetensors.index.json'), text)
      await expect(openCheckpoint(folder)).rejects.toThrow(/^CHECKPOINT_HEADER_INVALID/)
    }
  )
})
