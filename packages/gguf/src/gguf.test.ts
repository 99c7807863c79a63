import { readFile, readdir, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { temporaryFolder } from '../test/folder.js'
import { float32, list, numberAt, text, textAt, truth, uint32, type Metadata, type MetadataValue } from './metadata.js'
import { openGguf } from './open-gguf.js'
import type { WritableType } from './tensor-types.js'
import { writeGguf, type GgufTensor } from './write-gguf.js'

const folder = await temporaryFolder()

const metadata: Metadata = new Map<string, MetadataValue>([
  ['general.architecture', text('llama')],
  ['llama.block_count', uint32(2)],
  ['llama.rope.freq_base', float32(10000)],
  ['tokenizer.ggml.add_bos_token', truth(true)],
  ['tokenizer.ggml.tokens', list('string', ['a', '', 'é🙂'])],
  ['tokenizer.ggml.scores', list('float32', [0.5, -1])],
  ['none', list('int32', [])],
  ['large', { type: 'uint64', value: 2n ** 60n }],
  ['tiny', { type: 'int8', value: -3 }],
  ['exact', { type: 'float64', value: 0.1 }]
])

const numbers = (count: number) => Float32Array.from({ length: count }, (_, i) => Math.sin(i + count))

const tensor = (name: string, shape: readonly number[], type: WritableType): GgufTensor => ({
  name,
  shape,
  type,
  read: async () => numbers(shape.reduce((a, b) => a * b, 1))
})

const tensors = [
  tensor('norm', [5], 'F32'),
  tensor('half', [3, 7], 'F16'),
  tensor('short', [2, 9], 'BF16'),
  tensor('codes', [2, 64], 'Q8_0')
]

describe('a file that was written', () => {
  test('is read back: values, shapes, numbers', async () => {
    const file = join(folder, 'all.gguf')
    const bytes = await writeGguf(file, metadata, tensors)
    expect((await stat(file)).size).toBe(bytes)
    const gguf = await openGguf(file)
    expect([...gguf.metadata.keys()]).toEqual([...metadata.keys(), 'general.alignment'])
    for (const [key, value] of metadata) {
      const read = gguf.metadata.get(key)
      if (value.type === 'array' && read?.type === 'array')
        expect([read.of, read.length, read.values()], key).toEqual([value.of, value.length, value.values()])
      else expect(read, key).toEqual(value)
    }
    expect(numberAt(gguf.metadata, 'large')).toBe(2 ** 60)
    expect(textAt(gguf.metadata, 'llama.block_count')).toBeUndefined()
    expect([...gguf.tensors.values()].map(({ name, shape, type }) => [name, shape, type])).toEqual(
      tensors.map(({ name, shape, type }) => [name, shape, type])
    )
    expect(await gguf.read('norm')).toEqual(numbers(5))
    const within = { half: 5e-4, short: 4e-3, codes: 5e-3 }
    for (const [name, most] of Object.entries(within)) {
      const read = await gguf.read(name)
      const given = numbers(read.length)
      read.forEach((value, i) => expect(Math.abs(value - given[i])).toBeLessThan(most))
    }
    for (const { byteOffset } of gguf.tensors.values()) expect(byteOffset % 32).toBe(0)
    await expect(gguf.read('nrom')).rejects.toThrow(/GGUF_TENSOR: .* no tensor 'nrom'; the nearest is 'norm'/)
    await gguf.close()
  })

  test('has the same bytes each time', async () => {
    const [one, other] = [join(folder, 'one.gguf'), join(folder, 'other.gguf')]
    await writeGguf(one, metadata, tensors)
    await writeGguf(other, metadata, tensors)
    expect(await readFile(one)).toEqual(await readFile(other))
  })

  test('tells of its progress, in bytes of tensors', async () => {
    const seen: [number, number][] = []
    await writeGguf(join(folder, 'progress.gguf'), metadata, tensors, {
      onProgress: (done, total) => void seen.push([done, total])
    })
    expect(seen).toHaveLength(tensors.length)
    expect(seen.every(([done, total], i) => done <= total && (i === 0 || done > seen[i - 1][0]))).toBe(true)
  })
})

describe('nothing half-written', () => {
  const cases: [string, GgufTensor[], RegExp][] = [
    ['two tensors of one name', [tensors[0], tensors[0]], /GGUF_TENSOR: two tensors are called 'norm'/],
    ['a row that is not whole blocks', [tensor('x', [2, 33], 'Q8_0')], /GGUF_TENSOR: .*\[2, 33\] cannot be Q8_0/],
    ['five dimensions', [tensor('x', [1, 1, 1, 1, 1], 'F32')], /GGUF_TENSOR/],
    ['other numbers than its shape has', [{ ...tensors[0], read: async () => numbers(4) }], /has 4 numbers/]
  ]
  test.each(cases)('%s', async (_, given, message) => {
    await expect(writeGguf(join(folder, 'x.gguf'), metadata, given)).rejects.toThrow(message)
    expect((await readdir(folder)).filter(name => name.startsWith('x') || name.endsWith('.tmp'))).toEqual([])
  })

  test('a signal leaves the file that was there', async () => {
    const file = join(folder, 'kept.gguf')
    await writeFile(file, 'before')
    const controller = new AbortController()
    const stopping = tensors.map(each => ({
      ...each,
      read: async () => {
        if (each.name === 'half') controller.abort(new Error('stopped'))
        return each.read()
      }
    }))
    await expect(writeGguf(file, metadata, stopping, { signal: controller.signal })).rejects.toThrow('stopped')
    expect(await readFile(file, 'utf8')).toBe('before')
    expect((await readdir(folder)).filter(name => name.endsWith('.tmp'))).toEqual([])
  })

  test('a file larger than the disk is refused before a byte of it', async () => {
    const huge = { ...tensor('huge', [2 ** 22, 2 ** 26], 'F32'), read: () => Promise.reject(new Error('was read')) }
    await expect(writeGguf(join(folder, 'huge.gguf'), metadata, [huge])).rejects.toThrow(
      /DISK_FULL: .* needs \d+ bytes/
    )
  })
})
