import { MAX_CHARACTERS, invalidFile } from './lines.js'

/** The first character that is not white space; undefined in a text without one. */
export async function firstCharacter(text: AsyncIterable<string>): Promise<string | undefined> {
  for await (const piece of text) {
    const first = /[^ \t\r\n]/.exec(piece)
    if (first) return first[0]
  }
  return undefined
}

/**
 * The JSON texts of the elements of an array, with their places from 1. One element is in memory at a time: where it
 * ends is found by strings and brackets; whether it is valid is for who parses it.
 *
 * @throws SkipwiseError `DATA_FILE_INVALID` for a text that is not an array, or ends early
 */
export async function* arrayElements(
  file: string,
  text: AsyncIterable<string>
): AsyncGenerator<readonly [json: string, number: number]> {
  const scan = new ArrayScan(file)
  for await (const piece of text) yield* scan.take(piece)
  scan.end()
}

const SPACE = /[ \t\r\n]*/y
/** The next character that matters within an element, outside and inside of a string. */
const OUTSIDE = /["[\]{},]/g
const INSIDE = /["\\]/g

class ArrayScan {
  #state: 'before' | 'within' | 'after' = 'before'
  #parts: string[] = []
  #characters = 0
  #number = 1
  #depth = 0
  #inString = false
  #escaped = false

  constructor(readonly file: string) {}

  *take(piece: string): Generator<readonly [string, number]> {
    let at = 0
    if (this.#state === 'before') {
      at = this.#skip(piece, 0)
      if (at === piece.length) return
      if (piece[at] !== '[') throw this.#wrong('does not begin with [')
      this.#state = 'within'
      at++
    }
    let from = at
    while (this.#state === 'within' && at < piece.length) {
      at = this.#next(piece, at)
      if (at >= piece.length || this.#inString || this.#depth > 0) continue
      const character = piece[at]
      if (character !== ',' && character !== ']') {
        at++
        continue
      }
      this.#keep(piece.slice(from, at))
      yield* this.#element(character === ']')
      at++
      from = at
      if (character === ']') this.#state = 'after'
    }
    if (this.#state === 'within') this.#keep(piece.slice(from))
    else if (this.#skip(piece, at) < piece.length) throw this.#wrong('continues after its array')
  }

  end(): void {
    if (this.#state !== 'after') throw this.#wrong('ends inside its array')
  }

  /** Goes on to where a comma or the end of the array may stand, or to the end of the piece. */
  #next(piece: string, begin: number): number {
    let at = begin
    if (this.#escaped) {
      this.#escaped = false
      at++
    }
    while (at < piece.length) {
      const pattern = this.#inString ? INSIDE : OUTSIDE
      pattern.lastIndex = at
      const found = pattern.exec(piece)
      if (!found) return piece.length
      at = found.index
      const character = found[0]
      if (character === '\\') {
        this.#escaped = at + 1 >= piece.length
        at += 2
        continue
      }
      if (character === '"') this.#inString = !this.#inString
      else if (character === '[' || character === '{') this.#depth++
      else if (this.#depth === 0) return at
      else if (character === ']' || character === '}') this.#depth--
      at++
    }
    return Math.min(at, piece.length)
  }

  #keep(part: string): void {
    this.#characters += part.length
    if (this.#characters > MAX_CHARACTERS) {
      throw invalidFile(
        `${this.file}:${this.#number}`,
        `has more than ${MAX_CHARACTERS} characters in one record`,
        'split the document'
      )
    }
    this.#parts.push(part)
  }

  *#element(isLast: boolean): Generator<readonly [string, number]> {
    const json = this.#parts.join('')
    this.#parts = []
    this.#characters = 0
    const isEmpty = json.trim() === ''
    // [] has no element
    if (isEmpty && isLast && this.#number === 1) return
    if (isEmpty) throw this.#wrong(`has nothing between two commas at record ${this.#number}`)
    yield [json, this.#number++]
  }

  #skip(piece: string, at: number): number {
    SPACE.lastIndex = at
    SPACE.test(piece)
    return SPACE.lastIndex
  }

  #wrong(problem: string) {
    return invalidFile(
      this.file,
      `is a JSON array that ${problem}`,
      'download the file again, or write one JSON object per line'
    )
  }
}
