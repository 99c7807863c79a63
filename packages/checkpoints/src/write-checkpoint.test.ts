import { fc, test } from '@fast-check/vitest'
import { execFileSync } from 'node:child_process'
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, onTestFinished } from 'vitest'
import { temporaryFolder } from '../test/folder.js'
import { writeFileAtomic, writeJsonAtomic } from './atomic.js'
import { openCheckpoint } from './checkpoint.js'
import { openSafetensors } from './safetensors-file.js'
import { writeCheckpoint, writeSafetensors, type TensorToWrite } from './write-checkpoint.js'

const tensor = (name: string, ...values: number[]): TensorToWrite => ({
  name,
  shape: [values.length],
  data: Float32Array.from(values)
})

const tensorsArbitrary = fc
  .dictionary(
    fc.string({ minLength: 1 }).filter(name => name !== '__metadata__'),
    fc.tuple(fc.nat(3), fc.nat(5), fc.nat(2 ** 32 - 1)),
    { maxKeys: 8 }
  )
  .map(entries =>
    Object.entries(entries).map(([name, [rows, columns, seed]]) => ({
      name,
      shape: [rows, columns],
      data: Float32Array.from({ length: rows * columns }, (_, i) => Math.fround(((seed * (i + 1)) % 1000) / 7))
    }))
  )

describe('writing', () => {
  test.prop([tensorsArbitrary, fc.integer({ min: 1, max: 200 })], { numRuns: 60 })(
    'is read back, in any number of shards, in any order',
    async (tensors, maxShardBytes) => {
      const folder = await temporaryFolder()
      await writeCheckpoint(folder, tensors, { maxShardBytes })
      const before = await contents(folder)
      const checkpoint = await openCheckpoint(folder)
      expect(checkpoint.names).toEqual(tensors.map(({ name }) => name).sort())
      for (const { name, shape, data } of tensors) {
        expect(checkpoint.info(name).shape).toEqual(shape)
        expect(await checkpoint.read(name)).toEqual(data)
      }
      await checkpoint.close()
      await writeCheckpoint(folder, [...tensors].reverse(), { maxShardBytes })
      expect(await contents(folder)).toEqual(before)
    }
  )

  test('takes an asynchronous iterable and reads lazy tensors one at a time', async () => {
    const folder = await temporaryFolder()
    const calls: string[] = []
    async function* lazy() {
      for (const name of ['b', 'a']) {
        yield {
          name,
          shape: [1],
          data: async () => {
            calls.push(name)
            return Float32Array.of(name.charCodeAt(0))
          }
        }
      }
    }
    await writeCheckpoint(folder, lazy(), { dtype: 'bfloat16' })
    expect(calls).toEqual(['a', 'b'])
    const checkpoint = await openCheckpoint(folder)
    expect([checkpoint.info('b').dtype, (await checkpoint.read('b'))[0]]).toEqual(['BF16', 98])
    await checkpoint.close()
  })

  test('pads the header, sorts the names, keeps metadata', async () => {
    const file = join(await temporaryFolder(), 'x.safetensors')
    await writeSafetensors(file, [tensor('z', 1), tensor('y', 2, 3)], { dtype: 'float16', metadata: { step: '7' } })
    const bytes = await readFile(file)
    const length = Number(bytes.readBigUInt64LE(0))
    expect(length % 8).toBe(0)
    expect(JSON.parse(bytes.subarray(8, 8 + length).toString())).toEqual({
      __metadata__: { step: '7' },
      y: { dtype: 'F16', shape: [2], data_offsets: [0, 4] },
      z: { dtype: 'F16', shape: [1], data_offsets: [4, 6] }
    })
    expect([...new Uint16Array(new Uint8Array(bytes.subarray(8 + length)).buffer)]).toEqual([0x4000, 0x4200, 0x3c00])
  })

  test('replaces a sharded checkpoint by a single one and back, leaving no old weights', async () => {
    const folder = await temporaryFolder()
    const tensors = [tensor('a', 1), tensor('b', 2), tensor('c', 3)]
    await writeFile(join(folder, 'tokenizer.json'), '{}')
    await writeCheckpoint(folder, tensors, { maxShardBytes: 4 })
    expect((await readdir(folder)).length).toBe(5)
    await writeCheckpoint(folder, tensors)
    expect((await readdir(folder)).sort()).toEqual(['model.safetensors', 'tokenizer.json'])
    await writeCheckpoint(folder, tensors, { maxShardBytes: 8 })
    expect((await readdir(folder)).sort()).toEqual([
      'model-00001-of-00002.safetensors',
      'model-00002-of-00002.safetensors',
      'model.safetensors.index.json',
      'tokenizer.json'
    ])
  })

  test.each([
    ['an empty name', [tensor('', 1)]],
    ['a name twice', [tensor('a', 1), tensor('a', 2)]],
    ['the reserved name', [tensor('__metadata__', 1)]],
    ['too few elements', [{ name: 'a', shape: [3], data: Float32Array.of(1, 2) }]],
    ['too few lazy elements', [tensor('a', 1), { name: 'b', shape: [3], data: () => Float32Array.of(1, 2) }]],
    ['a negative size', [{ name: 'a', shape: [-1, -1], data: Float32Array.of(1) }]]
  ] as [string, TensorToWrite[]][])('refuses %s and leaves what was there', async (_, tensors) => {
    const folder = await temporaryFolder()
    await writeCheckpoint(folder, [tensor('old', 1)])
    const before = await contents(folder)
    await expect(writeCheckpoint(folder, tensors, { maxShardBytes: 4 })).rejects.toThrow(/^CHECKPOINT_TENSOR_INVALID/)
    expect(await contents(folder)).toEqual(before)
  })

  test('a source that fails leaves what was there', async () => {
    const folder = await temporaryFolder()
    await writeCheckpoint(folder, [tensor('old', 1)])
    const before = await contents(folder)
    const failing = { name: 'b', shape: [1], data: () => Promise.reject(new Error('device lost')) }
    await expect(writeCheckpoint(folder, [tensor('a', 1), failing], { maxShardBytes: 4 })).rejects.toThrow(
      /device lost/
    )
    expect(await contents(folder)).toEqual(before)
  })
})

describe('writeFileAtomic', () => {
  test('writes text and bytes, replaces, and leaves no temporary file', async () => {
    const folder = await temporaryFolder()
    const path = join(folder, 'a.txt')
    await writeFileAtomic(path, 'né')
    expect(await readFile(path, 'utf8')).toBe('né')
    await writeJsonAtomic(path, { b: 1, a: [] })
    expect(await readFile(path, 'utf8')).toBe('{\n  "b": 1,\n  "a": []\n}\n')
    expect(await readdir(folder)).toEqual(['a.txt'])
  })

  test('says what cannot be written', async () => {
    const folder = await temporaryFolder()
    await expect(writeFileAtomic(join(folder, 'absent', 'a'), '')).rejects.toThrow(/^CHECKPOINT_WRITE_FAILED.*ENOENT/)
    await mkdir(join(folder, 'taken'))
    await expect(writeFileAtomic(join(folder, 'taken'), '')).rejects.toThrow(/^CHECKPOINT_WRITE_FAILED/)
    expect(await readdir(folder)).toEqual(['taken'])
  })
})

/** A disk of 256 KiB, where mounting is allowed (root, not in every container). */
async function smallDisk(): Promise<string | undefined> {
  const folder = await temporaryFolder()
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=256k', 'tmpfs', folder], { stdio: 'ignore' })
  } catch {
    return undefined
  }
  onTestFinished(() => void execFileSync('umount', [folder]))
  return folder
}

test('a full disk leaves the old checkpoint and no temporary file', async context => {
  const disk = await smallDisk()
  if (!disk) return context.skip('mounting is not allowed here')
  await writeCheckpoint(disk, [tensor('old', 1, 2, 3)])
  const before = await contents(disk)
  const large = { name: 'large', shape: [100_000], data: new Float32Array(100_000) }
  await expect(writeCheckpoint(disk, [large])).rejects.toThrow(/^DISK_FULL/)
  await expect(writeCheckpoint(disk, [tensor('a', 1), large, tensor('z', 1)], { maxShardBytes: 4 })).rejects.toThrow(
    /^DISK_FULL/
  )
  await expect(writeFileAtomic(join(disk, 'model.safetensors'), new Uint8Array(400_000))).rejects.toThrow(/^DISK_FULL/)
  expect(await contents(disk)).toEqual(before)
  const file = await openSafetensors(join(disk, 'model.safetensors'))
  expect(await file.read('old')).toEqual(Float32Array.of(1, 2, 3))
  await file.close()
})

/** Every file of a folder with its bytes in hexadecimal. */
async function contents(folder: string): Promise<Record<string, string>> {
  const files = (await readdir(folder)).sort()
  return Object.fromEntries(
    await Promise.all(files.map(async file => [file, (await readFile(join(folder, file))).toString('hex')] as const))
  )
}
