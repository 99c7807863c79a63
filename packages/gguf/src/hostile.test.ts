// SKIPWISE_FUZZ_RUNS=100000 npx vitest run src/hostile.test.ts
import { fuzzReader } from '@skipwise/testing'
import { readFileSync } from 'node:fs'
import { truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { temporaryFolder } from '../test/folder.js'
import { BytesOut } from './bytes-out.js'
import { MAGIC } from './layout.js'
import { list, text, uint32, type MetadataValue } from './metadata.js'
import { openGguf } from './open-gguf.js'
import { writeGguf } from './write-gguf.js'

const folder = await temporaryFolder()
const sound = join(folder, 'sound.gguf')
await writeGguf(
  sound,
  new Map<string, MetadataValue>([
    ['general.architecture', text('llama')],
    ['llama.block_count', uint32(1)],
    ['tokenizer.ggml.tokens', list('string', ['a', 'b', 'c'])],
    ['tokenizer.ggml.token_type', list('int32', [1, 1, 3])]
  ]),
  [
    { name: 'a', shape: [2, 32], type: 'Q8_0', read: async () => new Float32Array(64).fill(1) },
    { name: 'b', shape: [3], type: 'F32', read: async () => new Float32Array(3) }
  ]
)

test('mutated files: an error with a code, and no memory for what they claim', { timeout: 0 }, async () => {
  const path = join(folder, 'mutated.gguf')
  const report = await fuzzReader({
    files: [readFileSync(sound)],
    read: async function* (mutated) {
      await writeFile(path, mutated)
      const gguf = await openGguf(path)
      try {
        yield gguf
        for (const value of gguf.metadata.values()) if (value.type === 'array') yield value.values()
        for (const [name, { byteLength }] of gguf.tensors) {
          expect(byteLength).toBeLessThanOrEqual(mutated.length)
          yield await gguf.read(name).catch((error: { code?: string }) => {
            if (error.code !== 'GGUF_TENSOR') throw error
          })
        }
      } finally {
        await gguf.close()
      }
    },
    // numbers of Q8_0 take four times the bytes of their codes
    allocationFactor: 8
  })
  expect(report.accepted).toBeGreaterThan(0)
  expect(Object.keys(report.refused).sort()).toEqual(['GGUF_INVALID', 'GGUF_TRUNCATED'])
})

/** The first bytes of a file: magic, version, numbers of tensors and keys. */
function begin(version: number, tensors: bigint, keys: bigint): BytesOut {
  const out = new BytesOut()
  out.uint32(MAGIC)
  out.uint32(version)
  out.scalar('uint64', tensors)
  out.scalar('uint64', keys)
  return out
}

const withKey = (write: (out: BytesOut) => void) => {
  const out = begin(3, 0n, 1n)
  out.string('key')
  write(out)
  return out.finish()
}

const withTensor = (sizes: readonly bigint[], type: number, offset: bigint, name = 'x') => {
  const out = begin(3, 1n, 0n)
  out.string(name)
  out.uint32(sizes.length)
  for (const size of sizes) out.scalar('uint64', size)
  out.uint32(type)
  out.scalar('uint64', offset)
  out.padTo(32)
  return out.finish()
}

describe('files that lie', () => {
  const huge = 2n ** 62n
  const cases: [string, Uint8Array, RegExp][] = [
    ['nothing', new Uint8Array(), /GGUF_TRUNCATED/],
    ['another format', new TextEncoder().encode('{"a": 1} and some more text'), /does not begin with 'GGUF'/],
    ['version 1', begin(1, 0n, 0n).finish(), /its version is 1/],
    ['big-endian', begin(0x3000000, 0n, 0n).finish(), /big-endian/],
    ['2^62 tensors', begin(3, huge, 0n).finish(), /number of tensors is 4611686018427387904, more than the 262144/],
    ['2^62 keys', begin(3, 0n, huge).finish(), /number of keys is/],
    ['more keys than bytes', begin(3, 0n, 60000n).finish(), /GGUF_TRUNCATED/],
    [
      'a key of 2^62 bytes',
      (() => {
        const out = begin(3, 0n, 1n)
        out.scalar('uint64', huge)
        return out.finish()
      })(),
      /length of a key is/
    ],
    [
      'a text of 2^62 bytes',
      withKey(out => {
        out.uint32(8)
        out.scalar('uint64', huge)
      }),
      /length of 'key' is/
    ],
    [
      'a list of 2^62 numbers',
      withKey(out => {
        out.uint32(9)
        out.uint32(4)
        out.scalar('uint64', huge)
      }),
      /length of 'key' is/
    ],
    [
      'a list of lists',
      withKey(out => {
        out.uint32(9)
        out.uint32(9)
        out.scalar('uint64', 1)
      }),
      /a list of lists/
    ],
    ['an unknown type of value', withKey(out => out.uint32(77)), /unknown type 77/],
    ['sizes that overflow', withTensor([huge, huge], 0, 0n), /a size of tensor 'x'/],
    ['a tensor beyond the end', withTensor([1000n], 0, 0n), /GGUF_TRUNCATED: .* ends at byte/],
    ['an offset beyond the end', withTensor([1n], 0, 2n ** 40n), /GGUF_TRUNCATED: .* ends at byte/],
    ['an offset that no file has', withTensor([1n], 0, 2n ** 60n), /the offset of tensor 'x'/],
    ['five dimensions', withTensor([1n, 1n, 1n, 1n, 1n], 0, 0n), /has 5 dimensions/],
    ['an unknown type of tensor', withTensor([1n], 99, 0n), /unknown type 99/],
    ['a row that is not whole blocks', withTensor([33n], 8, 0n), /rows of 33 in Q8_0/],
    ['an offset that is not aligned', withTensor([0n], 0, 4n), /not at an aligned byte/]
  ]
  test.each(cases)('%s', async (name, bytes, message) => {
    const file = join(folder, 'lie.gguf')
    await writeFile(file, bytes)
    const before = process.memoryUsage().arrayBuffers
    await expect(openGguf(file), name).rejects.toThrow(message)
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(2 ** 20)
  })

  test('a header that never ends, in a file of 16 GB that has no bytes', async () => {
    const file = join(folder, 'sparse.gguf')
    const out = begin(3, 0n, 1n)
    out.string('key')
    out.uint32(9)
    out.uint32(0)
    out.scalar('uint64', 2 ** 33)
    await writeFile(file, out.finish())
    await truncate(file, 2 ** 34)
    await expect(openGguf(file)).rejects.toThrow(/GGUF_INVALID: .* its header takes more than 134217728 bytes/)
  })

  test('a folder, and a file that is not there', async () => {
    await expect(openGguf(folder)).rejects.toThrow(/CHECKPOINT_NOT_FOUND/)
    await expect(openGguf(join(folder, 'nowhere.gguf'))).rejects.toThrow(/CHECKPOINT_NOT_FOUND/)
  })
})
