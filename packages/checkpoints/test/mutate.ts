import { fc } from '@fast-check/vitest'

/** How many mutated files a fuzz test reads; SKIPWISE_FUZZ sets it (docs/contributing.md). */
export const fuzzRuns = Number(process.env['SKIPWISE_FUZZ'] ?? 300)

type Edit = (bytes: Buffer) => Buffer

/** Up to four edits of a file: bytes set, numbers set to extremes, pieces cut, inserted, repeated or moved, the end cut off. */
export function mutations(length: number): fc.Arbitrary<Edit> {
  const at = fc.nat(length)
  const edit: fc.Arbitrary<Edit> = fc.oneof(
    { weight: 4, arbitrary: fc.tuple(at, fc.nat(255)).map(([i, value]): Edit => bytes => replace(bytes, i, 1, Buffer.of(value))) },
    fc.tuple(at, fc.constantFrom(1, 2, 4, 8), fc.constantFrom(0, 0xff, 0x7f, 0x80)).map(([i, size, value]): Edit => bytes => replace(bytes, i, size, Buffer.alloc(size, value))),
    fc.tuple(at, fc.nat(40)).map(([i, size]): Edit => bytes => replace(bytes, i, size, Buffer.alloc(0))),
    fc.tuple(at, fc.uint8Array({ minLength: 1, maxLength: 12 })).map(([i, inserted]): Edit => bytes => replace(bytes, i, 0, Buffer.from(inserted))),
    fc.tuple(at, at, fc.nat(200)).map(([from, to, size]): Edit => bytes => replace(bytes, to, 0, bytes.subarray(from, from + size))),
    fc.tuple(at, at, fc.nat(200)).map(([from, to, size]): Edit => bytes => replace(bytes, to, size, bytes.subarray(from, from + size))),
    at.map((i): Edit => bytes => bytes.subarray(0, i))
  )
  return fc.array(edit, { minLength: 1, maxLength: 4 }).map(edits => bytes => edits.reduce((mutated, change) => change(mutated), bytes))
}

const replace = (bytes: Buffer, at: number, size: number, by: Uint8Array) => Buffer.concat([bytes.subarray(0, at), by, bytes.subarray(at + size)])
