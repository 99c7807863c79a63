import { isSkipwiseError } from '@skipwise/core'
import { fc, test } from '@fast-check/vitest'
import { execFileSync } from 'node:child_process'
import { open, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { temporaryFolder } from '../test/folder.js'
import { golden } from '../test/golden.js'
import { parseHeader, parseHeaderLength } from './header.js'
import { openSafetensors } from './safetensors-file.js'

/** A file as a header's text and the data after it; `length` is what the file claims. */
function fileOf(header: unknown, dataBytes: number, length?: bigint): Uint8Array {
  const json = new TextEncoder().encode(typeof header === 'string' ? header : JSON.stringify(header))
  const bytes = new Uint8Array(8 + json.length + dataBytes)
  new DataView(bytes.buffer).setBigUint64(0, length ?? BigInt(json.length), true)
  bytes.set(json, 8)
  return bytes
}

async function codeOf(promise: Promise<unknown>): Promise<string> {
  try {
    await promise
    return 'none'
  } catch (error) {
    if (!isSkipwiseError(error)) throw error
    return error.code
  }
}

const f32 = (shape: unknown, begin: unknown, end: unknown) => ({ dtype: 'F32', shape, data_offsets: [begin, end] })

describe('openSafetensors', () => {
  const mixed = golden('mixed.json') as { file: string; tensors: Record<string, { shape: number[]; values: number[] }> }
  const mixedBytes = Buffer.from(mixed.file, 'base64')

  test('reads a file of the Python library, every data type', async () => {
    const path = join(await temporaryFolder(), 'mixed.safetensors')
    await writeFile(path, mixedBytes)
    const file = await openSafetensors(path)
    expect(file.names).toEqual(Object.keys(mixed.tensors).sort())
    expect(file.metadata).toEqual({ origin: 'python' })
    for (const [name, { shape, values }] of Object.entries(mixed.tensors)) {
      expect(file.info(name).shape, name).toEqual(shape)
      expect(Array.from(await file.readFloat64(name)), name).toEqual(values)
      expect(await file.read(name), name).toEqual(Float32Array.from(values))
      expect((await file.readRaw(name)).length).toBe(file.info(name).byteLength)
    }
    expect(await file.readIntegers('int64')).toEqual(Int32Array.of(0, 1, 2, 3, 100, 127))
    expect(await codeOf(file.readIntegers('large'))).toBe('CHECKPOINT_DTYPE_UNSUPPORTED')
    expect(await codeOf(file.readIntegers('float32'))).toBe('CHECKPOINT_DTYPE_UNSUPPORTED')
    await expect(file.read('bfloat1')).rejects.toThrow(/CHECKPOINT_TENSOR_MISSING.*'bfloat16'/)
    await file.close()
  })

  it.for([
    ['too short for a length', new Uint8Array(7), 'CHECKPOINT_TRUNCATED'],
    ['empty', new Uint8Array(0), 'CHECKPOINT_TRUNCATED'],
    ['a header longer than the file', fileOf({}, 0, 1000n), 'CHECKPOINT_TRUNCATED'],
    ['a header of 2⁶⁴ − 1 bytes', fileOf({}, 0, 2n ** 64n - 1n), 'CHECKPOINT_HEADER_INVALID'],
    ['not JSON', fileOf('{"a": ', 0), 'CHECKPOINT_HEADER_INVALID'],
    ['an array', fileOf('[]', 0), 'CHECKPOINT_HEADER_INVALID'],
    ['null', fileOf('null', 0), 'CHECKPOINT_HEADER_INVALID'],
    ['an entry that is no object', fileOf({ a: 1 }, 0), 'CHECKPOINT_HEADER_INVALID'],
    ['an entry with another key', fileOf({ a: { ...f32([1], 0, 4), stride: 1 } }, 4), 'CHECKPOINT_HEADER_INVALID'],
    ['a negative size', fileOf({ a: f32([-1], 0, 4) }, 4), 'CHECKPOINT_HEADER_INVALID'],
    ['a fraction', fileOf({ a: f32([1.5], 0, 6) }, 6), 'CHECKPOINT_HEADER_INVALID'],
    [
      'a size beyond 2⁵³',
      fileOf('{"a":{"dtype":"F32","shape":[9007199254740993],"data_offsets":[0,4]}}', 4),
      'CHECKPOINT_HEADER_INVALID'
    ],
    ['a product that overflows', fileOf({ a: f32([2 ** 40, 2 ** 40, 2 ** 40], 0, 4) }, 4), 'CHECKPOINT_HEADER_INVALID'],
    ['offsets in reverse', fileOf({ a: f32([1], 4, 0) }, 4), 'CHECKPOINT_HEADER_INVALID'],
    ['offsets of another length', fileOf({ a: f32([1], 0, 8) }, 8), 'CHECKPOINT_HEADER_INVALID'],
    ['an overlap', fileOf({ a: f32([2], 0, 8), b: f32([1], 4, 8) }, 8), 'CHECKPOINT_HEADER_INVALID'],
    ['a gap', fileOf({ a: f32([1], 0, 4), b: f32([1], 8, 12) }, 12), 'CHECKPOINT_HEADER_INVALID'],
    ['bytes after the last tensor', fileOf({ a: f32([1], 0, 4) }, 5), 'CHECKPOINT_HEADER_INVALID'],
    ['data cut off', fileOf({ a: f32([2], 0, 8) }, 7), 'CHECKPOINT_TRUNCATED'],
    ['a claim of terabytes', fileOf({ a: f32([2 ** 40], 0, 2 ** 42) }, 4), 'CHECKPOINT_TRUNCATED'],
    [
      'a tensor twice',
      fileOf(
        '{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}, "\\u0061":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}',
        4
      ),
      'CHECKPOINT_HEADER_INVALID'
    ],
    [
      'more tensors than any model has',
      fileOf(Object.fromEntries(Array.from({ length: 2 ** 18 + 1 }, (_, i) => [`t${i}`, f32([0], 0, 0)])), 0),
      'CHECKPOINT_HEADER_INVALID'
    ],
    ['metadata that is not text', fileOf({ __metadata__: { a: 1 } }, 0), 'CHECKPOINT_HEADER_INVALID'],
    [
      'an unknown data type',
      fileOf({ a: { dtype: 'F128', shape: [1], data_offsets: [0, 16] } }, 16),
      'CHECKPOINT_DTYPE_UNSUPPORTED'
    ],
    [
      'a data type from the prototype',
      fileOf({ a: { dtype: 'constructor', shape: [0], data_offsets: [0, 0] } }, 0),
      'CHECKPOINT_DTYPE_UNSUPPORTED'
    ]
  ] as const)('refuses %s', async ([, bytes, code]) => {
    const path = join(await temporaryFolder(), 'bad.safetensors')
    await writeFile(path, bytes)
    expect(await codeOf(openSafetensors(path))).toBe(code)
  })

  test('refuses what is no regular file, a pipe without waiting', async () => {
    const folder = await temporaryFolder()
    expect(await codeOf(openSafetensors(folder))).toBe('CHECKPOINT_NOT_FOUND')
    expect(await codeOf(openSafetensors(join(folder, 'absent')))).toBe('CHECKPOINT_NOT_FOUND')
    execFileSync('mkfifo', [join(folder, 'pipe')])
    expect(await codeOf(openSafetensors(join(folder, 'pipe')))).toBe('CHECKPOINT_NOT_FOUND')
  })

  test('reads 8-bit floats as bytes only', async () => {
    const path = join(await temporaryFolder(), 'f8.safetensors')
    await writeFile(path, fileOf({ a: { dtype: 'F8_E4M3', shape: [2], data_offsets: [0, 2] } }, 2))
    const file = await openSafetensors(path)
    expect(await file.readRaw('a')).toEqual(new Uint8Array(2))
    expect(await codeOf(file.read('a'))).toBe('CHECKPOINT_DTYPE_UNSUPPORTED')
    await file.close()
  })

  test('says so when a file shrinks after it was opened', async () => {
    const path = join(await temporaryFolder(), 'shrinking.safetensors')
    await writeFile(path, fileOf({ a: f32([1000], 0, 4000) }, 4000))
    const file = await openSafetensors(path)
    const handle = await open(path, 'r+')
    await handle.truncate(100)
    await handle.close()
    expect(await codeOf(file.read('a'))).toBe('CHECKPOINT_TRUNCATED')
    await file.close()
  })

  test.prop([fc.json(), fc.nat(64)], { numRuns: 500 })('any JSON is a header or refused by code', (json, dataBytes) => {
    const bytes = fileOf(json, dataBytes)
    try {
      const length = parseHeaderLength(bytes.subarray(0, 8), bytes.length, 'file')
      parseHeader(bytes.subarray(8, 8 + length), bytes.length, 'file')
    } catch (error) {
      expect(isSkipwiseError(error), String(error)).toBe(true)
    }
  })

  const entry = fc.record({
    dtype: fc.constantFrom('F32', 'BF16', 'I64', 'F64', '__proto__', 'BOOL'),
    shape: fc.array(fc.oneof(fc.nat(4), fc.constantFrom(-1, 2 ** 32, 2 ** 53, 1e300, 0.5)), { maxLength: 4 }),
    data_offsets: fc.tuple(
      fc.oneof(fc.nat(32), fc.constantFrom(-8, 2 ** 53)),
      fc.oneof(fc.nat(64), fc.constantFrom(2 ** 53, 1e300))
    )
  })
  test.prop([fc.dictionary(fc.string(), entry, { maxKeys: 4 }), fc.nat(64)], { numRuns: 1000 })(
    'any header of plausible entries: what is accepted lies in the file and fills it',
    (header, dataBytes) => {
      const bytes = fileOf(header, dataBytes)
      let accepted
      try {
        accepted = parseHeader(bytes.subarray(8, bytes.length - dataBytes), bytes.length, 'file')
      } catch (error) {
        expect(isSkipwiseError(error), String(error)).toBe(true)
        return
      }
      const total = [...accepted.tensors.values()].reduce((sum, { byteLength }) => sum + byteLength, 0)
      expect(total).toBe(dataBytes)
      for (const { byteOffset, byteLength } of accepted.tensors.values())
        expect(byteOffset + byteLength).toBeLessThanOrEqual(bytes.length)
    }
  )
})
