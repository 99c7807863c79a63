import { SkipwiseError } from '@skipwise/core'
import fc from 'fast-check'
import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { describe, expect, test } from 'vitest'
import { fuzzReader } from './fuzz-reader.js'
import { mutations } from './mutations.js'

/** A file: its length (u32), then that many bytes. */
const fileOf = (length: number) => Uint8Array.from([length & 255, length >> 8, 0, 0, ...new Uint8Array(length).fill(7)])
const files = [fileOf(40), fileOf(1000)]
const lengthOf = (bytes: Uint8Array) =>
  bytes.length < 4 ? 0 : new DataView(bytes.buffer, bytes.byteOffset).getUint32(0, true)
const damaged = () => new SkipwiseError('DAMAGED', { problem: 'it is damaged', fix: 'get it again' })

async function* careful(bytes: Uint8Array) {
  if (bytes.length < 4 || lengthOf(bytes) !== bytes.length - 4) throw damaged()
  yield bytes.slice(4)
}

describe('fuzzReader', () => {
  test('lets a careful reader pass and counts what it says', async () => {
    const report = await fuzzReader({ files, read: careful, runs: 500 })
    expect(report.runs).toBe(500)
    expect(report.accepted).toBeGreaterThan(20)
    expect(report.accepted + report.refused['DAMAGED']).toBe(500)
  })

  test('finds an error without a code', async () => {
    await expect(
      fuzzReader({
        files,
        runs: 500,
        read: async function* (bytes) {
          if (lengthOf(bytes) > bytes.length) throw new RangeError('out of bounds')
          yield 1
        }
      })
    ).rejects.toThrow(/without a code: RangeError/)
  })

  test('finds memory for a length that lies, also when it is only reserved', async () => {
    const kept: Uint8Array[] = []
    const read = async function* (bytes: Uint8Array) {
      kept.push(new Uint8Array(Math.min(lengthOf(bytes), 2 ** 28)))
      yield 1
      kept.pop()
    }
    await expect(fuzzReader({ files, read, runs: 500 })).rejects.toThrow(/a step allocated \d{6,} bytes/)
  })

  test('finds work that a length asks for', async () => {
    const read = async function* (bytes: Uint8Array) {
      const until = performance.now() + (lengthOf(bytes) > 2 ** 16 ? 60 : 0)
      while (performance.now() < until);
      yield 1
    }
    await expect(fuzzReader({ files, read, runs: 500, stepSeconds: 0.05 })).rejects.toThrow(/a step took/)
  })

  test('ends a process in which a step never ends, and shows the file', async () => {
    const loader = ['--conditions=@skipwise/source', '--no-warnings', '--import', '@skipwise/config/typescript-loader']
    const reader = join(import.meta.dirname, '../../test/endless-reader.ts')
    const failed = await promisify(execFile)(process.execPath, [...loader, reader]).catch(
      (error: { signal: string; stderr: string }) => error
    )
    expect(failed).toMatchObject({ signal: 'SIGKILL' })
    expect(failed.stderr).toMatch(/a step did not end in 3 s \(seed 7\)\nfor a file of \d+ bytes: [\w+/=]*\n$/)
  })

  test('reads the same files for the same seed', async () => {
    const seen = async (seed?: number) => {
      const read: string[] = []
      await fuzzReader({
        files,
        runs: 20,
        seed,
        read: async function* (bytes) {
          read.push(Buffer.from(bytes).toString('base64'))
          yield 1
        }
      })
      return read
    }
    expect(await seen()).toEqual(await seen(1))
    expect(await seen(2)).not.toEqual(await seen(1))
  })
})

test('mutations change a file, leave the given one alone, and reach every place', () => {
  const file = fileOf(60)
  const before = file.slice()
  const changed = new Set<number>()
  const lengths = new Set<number>()
  fc.assert(
    fc.property(mutations([fileOf(10)]), mutate => {
      const mutated = mutate(file)
      lengths.add(mutated.length)
      for (let i = 0; i < file.length; i++) if (mutated[i] !== file[i]) changed.add(i)
      expect(file).toEqual(before)
    }),
    { numRuns: 3000 }
  )
  expect(changed.size).toBe(file.length)
  expect(lengths.size).toBeGreaterThan(60)
})
