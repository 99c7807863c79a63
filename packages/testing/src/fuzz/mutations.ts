import fc from 'fast-check'

/** A change of a file's bytes; it makes new ones and leaves those given alone. */
export type Edit = (bytes: Uint8Array) => Uint8Array

/** Places are drawn in this range and scaled to a file's length, so that one change fits files of any length. */
const PLACES = 2 ** 30
const place = fc.nat(PLACES)
const scaled = (at: number, length: number) => Math.floor((at / PLACES) * length)

/** Numbers that a length is likely to be wrong at. */
const EXTREMES = [
  0n,
  1n,
  0x7fn,
  0x80n,
  0xffn,
  0x7fffn,
  0xffffn,
  0x10000n,
  0x7fffffffn,
  0x80000000n,
  0xffffffffn,
  2n ** 32n,
  2n ** 53n,
  2n ** 63n - 1n,
  2n ** 64n - 1n
]
const DIGITS = ['0', '1', '-1', '4294967296', '9007199254740993', '1e999', '0.5', '18446744073709551615']

/**
 * One to four changes of a valid file as damage and malice make them: bits flipped, bytes set, lengths overwritten by
 * extremes (fixed, varint and in digits), pieces cut out, inserted, repeated, moved, or taken from another file, the
 * end cut off.
 *
 * @param others files that pieces are taken from
 */
export function mutations(others: readonly Uint8Array[] = []): fc.Arbitrary<Edit> {
  const size = fc.oneof({ weight: 3, arbitrary: fc.nat(12) }, fc.nat(300))
  const edits: fc.WeightedArbitrary<Edit>[] = [
    {
      weight: 3,
      arbitrary: fc
        .tuple(place, fc.nat(7))
        .map(([at, bit]) => edit(at, 1, old => Uint8Array.of((old.at(0) ?? 0) ^ (1 << bit))))
    },
    {
      weight: 3,
      arbitrary: fc.tuple(place, fc.nat(255)).map(([at, value]) => edit(at, 1, () => Uint8Array.of(value)))
    },
    {
      weight: 3,
      arbitrary: fc
        .tuple(place, fc.constantFrom(2, 4, 8), fc.constantFrom(...EXTREMES))
        .map(([at, bytes, value]) => edit(at, bytes, () => littleEndian(value, bytes)))
    },
    {
      weight: 1,
      arbitrary: fc.tuple(place, fc.constantFrom(...EXTREMES)).map(([at, value]) => edit(at, 1, () => varint(value)))
    },
    {
      weight: 2,
      arbitrary: fc.tuple(place, fc.constantFrom(...DIGITS)).map(
        ([at, digits]): Edit =>
          bytes =>
            replaceDigits(bytes, scaled(at, bytes.length), digits)
      )
    },
    { weight: 1, arbitrary: fc.tuple(place, size).map(([at, length]) => edit(at, length, () => new Uint8Array(0))) },
    {
      weight: 1,
      arbitrary: fc
        .tuple(place, fc.uint8Array({ minLength: 1, maxLength: 12 }))
        .map(([at, inserted]) => edit(at, 0, () => inserted))
    },
    {
      weight: 1,
      arbitrary: fc.tuple(place, place, size, fc.boolean()).map(([from, at, length, insert]): Edit => bytes => {
        const start = scaled(from, bytes.length)
        return edit(at, insert ? 0 : length, () => bytes.subarray(start, start + length))(bytes)
      })
    },
    {
      weight: 1,
      arbitrary: place.map(
        (at): Edit =>
          bytes =>
            bytes.slice(0, scaled(at, bytes.length))
      )
    }
  ]
  if (others.length) {
    edits.push({
      weight: 1,
      arbitrary: fc.tuple(fc.constantFrom(...others), place, place, size).map(([other, from, at, length]) => {
        const start = scaled(from, other.length)
        return edit(at, length, () => other.subarray(start, start + length))
      })
    })
  }
  return fc
    .array(fc.oneof(...edits), { minLength: 1, maxLength: 4 })
    .map(edits => bytes => edits.reduce((mutated, change) => change(mutated), bytes))
}

/** Replaces `length` bytes by what is made of them. */
function edit(at: number, length: number, by: (old: Uint8Array) => Uint8Array): Edit {
  return bytes => {
    const start = scaled(at, bytes.length)
    return splice(bytes, start, Math.min(start + length, bytes.length), by(bytes.subarray(start, start + length)))
  }
}

function splice(bytes: Uint8Array, start: number, end: number, by: Uint8Array): Uint8Array {
  const result = new Uint8Array(start + by.length + bytes.length - end)
  result.set(bytes.subarray(0, start))
  result.set(by, start)
  result.set(bytes.subarray(end), start + by.length)
  return result
}

function littleEndian(value: bigint, bytes: number): Uint8Array {
  const view = new DataView(new ArrayBuffer(8))
  view.setBigUint64(0, BigInt.asUintN(64, value), true)
  return new Uint8Array(view.buffer, 0, bytes)
}

function varint(value: bigint): Uint8Array {
  const bytes: number[] = []
  for (; value >= 0x80n; value >>= 7n) bytes.push(Number(value & 0x7fn) | 0x80)
  return Uint8Array.of(...bytes, Number(value))
}

/** Another number in place of the next one in digits. */
function replaceDigits(bytes: Uint8Array, from: number, digits: string): Uint8Array {
  const isDigit = (i: number) => bytes[i] >= 0x30 && bytes[i] <= 0x39
  let start = from
  while (start < bytes.length && !isDigit(start)) start++
  let end = start
  while (end < bytes.length && isDigit(end)) end++
  return splice(bytes, start, end, new TextEncoder().encode(digits))
}
