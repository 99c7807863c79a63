/** The largest window that is unpacked: what the zstd program takes without being told to take more. */
const MAX_WINDOW = 2 ** 27

/*
 * Every block moves a window: 2^27 bytes for blocks of 2^17 are 2^10 bytes moved for each that is given. Streams that
 * are flushed often take more, and a file of empty blocks takes
 * hours. So many bytes may be moved, and for each byte given so many more.
 */
const MOVED = 2 ** 35
const MOVED_FOR_EACH = 2 ** 12

/** Bytes of one frame, in order. */
export interface FramePart {
  readonly bytes: Uint8Array
  readonly isLast: boolean
}

type State = 'frame' | 'block' | 'body' | 'checksum' | 'skippable'

/**
 * Finds the frames of zstd (RFC 8878, 3.1) in bytes that come in chunks, and looks at their headers before anything is
 * unpacked.
 */
export class ZstdFrames {
  #state: State = 'frame'
  /** Bytes of a header that is not whole yet. */
  #header = new Uint8Array(0)
  /** Bytes to go in a block, a checksum or a skippable frame. */
  #left = 0
  #lastBlock = false
  #hasChecksum = false
  #window = 0
  #begun = false
  #isSkipping = false
  #moved = 0
  #given = 0

  /** Told how many bytes a frame gave. */
  gave(bytes: number): void {
    this.#given += bytes
  }

  /** @throws an `Error` when a frame has not ended, or there is none */
  end(): void {
    if (!this.#begun) throw new Error('it does not begin with a zstd frame')
    if (this.#state !== 'frame' || this.#header.length) throw new Error('it ends inside a frame')
  }

  /** The parts of frames in a chunk; skippable frames are left out. @throws an `Error` */
  *take(chunk: Uint8Array): Generator<FramePart> {
    const bytes = this.#header.length ? joined(this.#header, chunk) : chunk
    this.#header = new Uint8Array(0)
    let at = 0
    let from = 0
    while (at < bytes.length) {
      const wasOutside = this.#state === 'frame'
      if (wasOutside) from = at
      const size = this.#step(bytes.subarray(at))
      if (size === undefined) {
        this.#header = bytes.slice(at)
        break
      }
      at += size
      if (this.#isSkipping) from = at
      if (this.#state !== 'frame') continue
      if (at > from) yield { bytes: bytes.subarray(from, at), isLast: true }
      from = at
    }
    if (this.#state !== 'frame' && at > from) yield { bytes: bytes.subarray(from, at), isLast: false }
  }

  /** Bytes of what comes next; undefined when a header is not whole. */
  #step(bytes: Uint8Array): number | undefined {
    if (this.#state === 'frame') return this.#beginFrame(bytes)
    if (this.#state === 'block') {
      if (bytes.length < 3) return undefined
      this.#beginBlock(bytes[0] | (bytes[1] << 8) | (bytes[2] << 16))
      return 3
    }
    const taken = Math.min(this.#left, bytes.length)
    this.#left -= taken
    if (this.#left === 0) this.#endPart()
    return taken
  }

  /** What follows a body, a checksum or a skippable frame. */
  #endPart(): void {
    if (this.#state === 'body' && !this.#lastBlock) this.#state = 'block'
    else if (this.#state === 'body' && this.#hasChecksum) this.#goTo('checksum', 4)
    else this.#state = 'frame'
  }

  #goTo(state: State, left: number): void {
    this.#state = state
    this.#left = left
    if (left === 0 && state !== 'block') this.#endPart()
  }

  /** Bytes of the header that the bytes begin with; undefined when it is not whole. */
  #beginFrame(bytes: Uint8Array): number | undefined {
    if (bytes.length < 4) return undefined
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    const magic = view.getUint32(0, true)
    if (magic >= 0x184d2a50 && magic <= 0x184d2a5f) {
      if (bytes.length < 8) return undefined
      this.#begun = true
      this.#isSkipping = true
      this.#goTo('skippable', view.getUint32(4, true))
      return 8
    }
    if (magic !== 0xfd2fb528)
      throw new Error(this.#begun ? 'a frame is followed by something else' : 'it does not begin with a zstd frame')
    const header = bytes.length > 4 ? headerOf(bytes) : undefined
    if (header === undefined) return undefined
    this.#begun = true
    this.#isSkipping = false
    this.#window = header.window
    this.#hasChecksum = header.hasChecksum
    this.#move()
    this.#goTo('block', 0)
    return header.size
  }

  #beginBlock(header: number): void {
    const type = (header >> 1) & 3
    if (type === 3) throw new Error('a block has an unknown type')
    this.#lastBlock = (header & 1) === 1
    this.#move()
    // a run is one byte, given many times
    this.#goTo('body', type === 1 ? 1 : header >> 3)
  }

  #move(): void {
    this.#moved += this.#window
    if (this.#moved > MOVED + MOVED_FOR_EACH * this.#given)
      throw new Error('it has too many small blocks for its window')
  }
}

interface FrameHeader {
  readonly size: number
  readonly window: number
  readonly hasChecksum: boolean
}

/**
 * The header of a frame (RFC 8878, 3.1.1.1), of at least its magic number and descriptor; undefined when it is not
 * whole.
 */
function headerOf(bytes: Uint8Array): FrameHeader | undefined {
  const descriptor = bytes[4]
  const isSingle = (descriptor & 0x20) !== 0
  const sizeFlag = descriptor >> 6
  const idBytes = [0, 1, 2, 4][descriptor & 3]
  const sizeBytes = sizeFlag === 0 ? (isSingle ? 1 : 0) : 2 ** sizeFlag
  const size = 5 + (isSingle ? 0 : 1) + idBytes + sizeBytes
  if (bytes.length < size) return undefined
  if (descriptor & 8) throw new Error('a reserved bit of a frame is set')
  const id = bytes.subarray(size - sizeBytes - idBytes, size - sizeBytes)
  if (id.some(byte => byte !== 0)) throw new Error('it needs a dictionary')
  const window = isSingle ? contentSize(bytes.subarray(size - sizeBytes, size), sizeFlag) : windowOf(bytes[5])
  if (window > MAX_WINDOW) throw new Error(`its window of ${window} bytes is larger than ${MAX_WINDOW}`)
  return { size, window, hasChecksum: (descriptor & 4) !== 0 }
}

function windowOf(descriptor: number): number {
  const base = 2 ** (10 + (descriptor >> 3))
  return base + (base / 8) * (descriptor & 7)
}

const contentSize = (bytes: Uint8Array, flag: number): number =>
  bytes.reduceRight((sum, byte) => sum * 256 + byte, 0) + (flag === 1 ? 256 : 0)

function joined(head: Uint8Array, tail: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(head.length + tail.length)
  bytes.set(head)
  bytes.set(tail, head.length)
  return bytes
}
