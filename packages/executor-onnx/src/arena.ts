/** Sizes are multiples of this. */
const UNIT = 256
/** A free chunk is handed out whole when what is left of it would be smaller than the piece, up to this much. */
const MOST_LEFT_OVER = 128 * 2 ** 20
/** The first region; each next one is at least twice as large, up to {@link LARGEST_STEP}. */
const FIRST_REGION = 2 ** 20
const LARGEST_STEP = 2 ** 30

interface Region {
  readonly size: number
  /** End of the part that has been handed out: the rest was never written, and takes no memory. */
  touched: number
}

/** A piece of a region, handed out or free. */
export interface ArenaChunk {
  readonly region: Region
  readonly start: number
  size: number
  free: boolean
  previous: ArenaChunk | undefined
  next: ArenaChunk | undefined
}

/**
 * What ONNX Runtime's allocator on the CPU (`BFCArena`) does with the pieces that a run asks for: best fit among free
 * chunks, split where much is left, merged with free neighbours, in regions that it takes from the system and never
 * gives back.
 */
export class Arena {
  readonly #regions: Region[] = []
  /** Sorted by size, then by age of the region and place in it. */
  readonly #free: ArenaChunk[] = []
  #step = FIRST_REGION

  /**
   * Memory that the process holds for it, bytes: chunks are handed out from the front of a region, so it is what lies
   * before the furthest end.
   */
  get touchedBytes(): number {
    return this.#regions.reduce((sum, { touched }) => sum + touched, 0)
  }

  allocate(bytes: number): ArenaChunk {
    const size = Math.max(1, Math.ceil(bytes / UNIT)) * UNIT
    const found = this.#free.findIndex(chunk => chunk.size >= size)
    const chunk = found < 0 ? this.#extend(size) : this.#free.splice(found, 1)[0]
    if (chunk.size >= 2 * size || chunk.size - size >= MOST_LEFT_OVER) {
      const rest: ArenaChunk = {
        region: chunk.region,
        start: chunk.start + size,
        size: chunk.size - size,
        free: true,
        previous: chunk,
        next: chunk.next
      }
      if (rest.next) rest.next.previous = rest
      chunk.next = rest
      chunk.size = size
      this.#insert(rest)
    }
    chunk.free = false
    // the piece is written, what it was rounded up by is not
    chunk.region.touched = Math.max(chunk.region.touched, chunk.start + size)
    return chunk
  }

  release(chunk: ArenaChunk): void {
    const { next, previous } = chunk
    let merged = chunk
    if (next?.free) this.#join(chunk, next)
    if (previous?.free) {
      this.#take(previous)
      previous.size += chunk.size
      previous.next = chunk.next
      if (chunk.next) chunk.next.previous = previous
      merged = previous
    }
    this.#insert(merged)
  }

  #join(chunk: ArenaChunk, next: ArenaChunk): void {
    this.#take(next)
    chunk.size += next.size
    chunk.next = next.next
    if (next.next) next.next.previous = chunk
  }

  #take(chunk: ArenaChunk): void {
    this.#free.splice(this.#free.indexOf(chunk), 1)
  }

  #insert(chunk: ArenaChunk): void {
    chunk.free = true
    const age = (each: ArenaChunk) => this.#regions.indexOf(each.region)
    const after = (each: ArenaChunk) => each.size - chunk.size || age(each) - age(chunk) || each.start - chunk.start
    const at = this.#free.findIndex(each => after(each) > 0)
    this.#free.splice(at < 0 ? this.#free.length : at, 0, chunk)
  }

  #extend(size: number): ArenaChunk {
    const fits = this.#step >= size
    while (this.#step < size) this.#step *= 2
    const region: Region = { size: this.#step, touched: 0 }
    this.#regions.push(region)
    if (fits) this.#step = Math.min(2 * this.#step, LARGEST_STEP)
    return { region, start: 0, size: region.size, free: true, previous: undefined, next: undefined }
  }
}
