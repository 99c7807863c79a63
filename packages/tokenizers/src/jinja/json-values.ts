import { TemplateFault } from './template-fault.js'
import { Dict, type Value } from './values.js'

const MAX_DEPTH = 200
const SPACE = /[ \t\n\r]*/y
const NUMBER = /-?(?:0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?/y
const STRING = /"(?:[^"\\\x00-\x1f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*"/y
const WORDS: readonly (readonly [string, boolean | null])[] = [
  ['true', true],
  ['false', false],
  ['null', null]
]

/**
 * The value of a JSON text as Python's `json` reads it: 1 and 1.0 are two things, integers have all their digits, and
 * keys keep their order. JSON.parse changes all three.
 *
 * @throws TemplateFault
 */
export function valueOfJson(text: string): Value {
  let at = 0
  const take = (pattern: RegExp): RegExpExecArray | undefined => {
    pattern.lastIndex = at
    const match = pattern.exec(text)
    if (match) at = pattern.lastIndex
    return match ?? undefined
  }
  const wrong = () => new TemplateFault(`the JSON is wrong at character ${at + 1}`)
  const skip = (character: string): boolean => {
    take(SPACE)
    if (text[at] !== character) return false
    at++
    return true
  }
  const expect = (character: string): void => {
    if (!skip(character)) throw wrong()
  }
  const readText = (): string => {
    take(SPACE)
    const string = take(STRING)
    if (!string) throw wrong()
    const parsed: unknown = JSON.parse(string[0])
    return String(parsed)
  }
  const readNumber = (): Value => {
    const number = take(NUMBER)
    if (!number) throw wrong()
    const [spelled, fraction, exponent] = number
    if (fraction !== undefined || exponent !== undefined) return Number(spelled)
    if (spelled.length > 4300) throw new TemplateFault('a number has more than 4300 digits')
    return BigInt(spelled)
  }
  const read = (depth: number): Value => {
    if (depth > MAX_DEPTH) throw new TemplateFault(`values lie more than ${MAX_DEPTH} deep within one another`)
    take(SPACE)
    if (text[at] === '"') return readText()
    if (skip('[')) {
      const items: Value[] = []
      if (skip(']')) return items
      do items.push(read(depth + 1))
      while (skip(','))
      expect(']')
      return items
    }
    if (skip('{')) {
      const dict = new Dict()
      if (skip('}')) return dict
      do {
        const key = readText()
        expect(':')
        dict.set(key, read(depth + 1))
      } while (skip(','))
      expect('}')
      return dict
    }
    for (const [word, value] of WORDS) {
      if (text.startsWith(word, at)) {
        at += word.length
        return value
      }
    }
    return readNumber()
  }
  const value = read(0)
  take(SPACE)
  if (at < text.length) throw wrong()
  return value
}

/** Plain data of JavaScript as a value: a number without a fraction is an int. @throws TemplateFault */
export function valueOfData(data: unknown, depth = 0): Value {
  if (depth > MAX_DEPTH) throw new TemplateFault(`values lie more than ${MAX_DEPTH} deep within one another`)
  if (data === null || data === undefined) return null
  if (typeof data === 'string' || typeof data === 'boolean' || typeof data === 'bigint') return data
  if (typeof data === 'number') return Number.isInteger(data) ? BigInt(data) : data
  if (Array.isArray(data)) return data.map((item: unknown) => valueOfData(item, depth + 1))
  if (typeof data !== 'object') throw new TemplateFault(`a ${typeof data} is not data`)
  return new Dict(Object.entries(data).map(([key, value]) => [key, valueOfData(value, depth + 1)] as const))
}
