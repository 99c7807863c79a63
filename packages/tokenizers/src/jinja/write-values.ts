import type { Budget } from './budget.js'
import { TemplateFault } from './template-fault.js'
import { Dict, typeName, DictView, Markup, Range, Tuple, Undefined, type Value } from './values.js'

/** `repr` of a float: the fewest digits that read back, with an exponent below 1e-4 and from 1e16. */
function writeFloat(value: number): string {
  if (Number.isNaN(value)) return 'nan'
  if (!Number.isFinite(value)) return value > 0 ? 'inf' : '-inf'
  const [mantissa, exponent] = value.toExponential().split('e')
  const power = Number(exponent)
  if (power < -4 || power >= 16)
    return `${mantissa}e${power < 0 ? '-' : '+'}${String(Math.abs(power)).padStart(2, '0')}`
  const plain =
    power < 0 && value !== 0 ? value.toFixed(mantissa.replace(/[-.]/g, '').length - 1 - power) : String(value)
  return Object.is(value, -0) ? '-0.0' : plain.includes('.') ? plain : `${plain}.0`
}

/** Digits of an integer, which Python refuses to write when they are many. */
export function writeInteger(value: bigint, budget: Budget): string {
  // more than 4300 digits are more than 14,284 bits
  if (value >= 1n << 14284n || value <= -(1n << 14284n)) throw new TemplateFault('an integer has more than 4300 digits')
  return budget.made(String(value))
}

/** `str(value)`. */
export function writeValue(value: Value, budget: Budget): string {
  if (typeof value === 'string') return value
  if (value instanceof Markup) return value.text
  return value instanceof Undefined ? '' : represent(value, budget, 0)
}

const MAX_DEPTH = 200

/** `repr(value)`. */
export function represent(value: Value, budget: Budget, depth = 0): string {
  budget.step()
  if (depth > MAX_DEPTH) throw new TemplateFault('values are nested too deep to be written')
  if (value === null) return 'None'
  if (typeof value === 'boolean') return value ? 'True' : 'False'
  if (typeof value === 'bigint') return writeInteger(value, budget)
  if (typeof value === 'number') return writeFloat(value)
  if (typeof value === 'string') return budget.made(quote(value))
  if (value instanceof Undefined) return 'Undefined'
  const inner = (each: Value) => represent(each, budget, depth + 1)
  const items = (all: readonly Value[]) => all.map(inner).join(', ')
  if (isList(value)) return budget.made(`[${items(value)}]`)
  if (value instanceof Tuple)
    return budget.made(value.items.length === 1 ? `(${inner(value.items[0])},)` : `(${items(value.items)})`)
  if (value instanceof Dict)
    return budget.made(
      `{${value
        .entries()
        .map(([key, each]) => `${inner(key)}: ${inner(each)}`)
        .join(', ')}}`
    )
  if (value instanceof DictView) return budget.made(`dict_${value.kind}([${items(value.items())}])`)
  if (value instanceof Range) return `range(${value.start}, ${value.stop}${value.step === 1n ? '' : `, ${value.step}`})`
  throw new TemplateFault(`a ${typeName(value)} cannot be written here: its text would name a place in memory`)
}

/** Whether a value is a Python list. */
export const isList = (value: Value): value is readonly Value[] => Array.isArray(value)

const ESCAPES: Readonly<Record<string, string>> = { '\n': '\\n', '\r': '\\r', '\t': '\\t', '\\': '\\\\' }

/** `repr` of a string: in single quotes unless it contains only these; what cannot be printed is escaped. */
function quote(text: string): string {
  const mark = text.includes("'") && !text.includes('"') ? '"' : "'"
  const inner = text.replace(/[\\'"]|(?! )[\p{C}\p{Z}]/gu, character => {
    if (character === '"' || character === "'") return character === mark ? `\\${character}` : character
    if (character in ESCAPES) return ESCAPES[character]
    const code = character.codePointAt(0) ?? 0
    const hex = code.toString(16)
    return code <= 0xff
      ? `\\x${hex.padStart(2, '0')}`
      : code <= 0xffff
        ? `\\u${hex.padStart(4, '0')}`
        : `\\U${hex.padStart(8, '0')}`
  })
  return mark + inner + mark
}

/** How `tojson` of transformers writes. */
export interface JsonOptions {
  readonly ensureAscii: boolean
  /** What a level is indented by; undefined for one line. */
  readonly indent: string | undefined
  readonly separators: readonly [item: string, key: string]
  readonly sortKeys: boolean
}

/** `json.dumps(value)`. */
export function writeJson(value: Value, options: JsonOptions, budget: Budget, depth = 0): string {
  budget.step()
  if (depth > MAX_DEPTH) throw new TemplateFault('values are nested too deep to be written as JSON')
  if (value === null) return 'null'
  if (typeof value === 'boolean') return String(value)
  if (typeof value === 'bigint') return writeInteger(value, budget)
  if (typeof value === 'number') return jsonFloat(value)
  if (typeof value === 'string') return budget.made(jsonString(value, options.ensureAscii))
  if (value instanceof Markup) return budget.made(jsonString(value.text, options.ensureAscii))
  const inner = (each: Value) => writeJson(each, options, budget, depth + 1)
  if (isList(value)) return enclosed('[', value.map(inner), ']', options, budget, depth)
  if (value instanceof Tuple) return enclosed('[', value.items.map(inner), ']', options, budget, depth)
  if (!(value instanceof Dict)) throw new TemplateFault(`Object of type ${typeName(value)} is not JSON serializable`)
  const entries = options.sortKeys ? sorted(value.entries()) : value.entries()
  const members = entries.map(
    ([key, each]) => jsonString(jsonKey(key, budget), options.ensureAscii) + options.separators[1] + inner(each)
  )
  return enclosed('{', members, '}', options, budget, depth)
}

function enclosed(
  open: string,
  parts: readonly string[],
  close: string,
  { indent, separators }: JsonOptions,
  budget: Budget,
  depth: number
): string {
  if (!parts.length) return open + close
  if (indent === undefined) return budget.made(open + parts.join(separators[0]) + close)
  budget.make(parts.length * indent.length * (depth + 1))
  const line = `\n${indent.repeat(depth + 1)}`
  return budget.made(open + line + parts.join(separators[0] + line) + `\n${indent.repeat(depth)}` + close)
}

const jsonFloat = (value: number): string =>
  Number.isNaN(value) ? 'NaN' : Number.isFinite(value) ? writeFloat(value) : value > 0 ? 'Infinity' : '-Infinity'

function jsonKey(key: Value, budget: Budget): string {
  if (typeof key === 'string') return key
  if (key === null) return 'null'
  if (typeof key === 'boolean') return String(key)
  if (typeof key === 'bigint') return writeInteger(key, budget)
  if (typeof key === 'number') return jsonFloat(key)
  throw new TemplateFault(`keys must be str, int, float, bool or None, not ${typeName(key)}`)
}

const JSON_ESCAPES: Readonly<Record<string, string>> = {
  '"': '\\"',
  '\\': '\\\\',
  '\n': '\\n',
  '\r': '\\r',
  '\t': '\\t',
  '\b': '\\b',
  '\f': '\\f'
}
const unicodeEscape = (unit: string) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`

function jsonString(text: string, ensureAscii: boolean): string {
  const unsafe = ensureAscii ? /["\\]|[^ -~]/g : /["\\\x00-\x1f]/g
  return `"${text.replace(unsafe, unit => JSON_ESCAPES[unit] ?? unicodeEscape(unit))}"`
}

function sorted(entries: (readonly [Value, Value])[]): (readonly [Value, Value])[] {
  return entries.sort(([a], [b]) => {
    if (typeof a !== 'string' || typeof b !== 'string')
      throw new TemplateFault('keys that are not all strings cannot be sorted here')
    return compareText(a, b)
  })
}

/** Order of two strings by code points, as Python has it: JavaScript compares halves of pairs. */
export function compareText(a: string, b: string): number {
  let at = 0
  while (at < a.length && at < b.length && a.charCodeAt(at) === b.charCodeAt(at)) at++
  if (at === a.length || at === b.length) return a.length - b.length
  const [unitA, unitB] = [a.charCodeAt(at), b.charCodeAt(at)]
  const isHalf = (unit: number) => unit >= 0xd800 && unit <= 0xdfff
  if (isHalf(unitA) !== isHalf(unitB)) return isHalf(unitA) ? 1 : -1
  return unitA - unitB
}
