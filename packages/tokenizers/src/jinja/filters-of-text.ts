import { integerOf, take, textOf, textOrNone } from './arguments.js'
import { capitalizeText } from './cases.js'
import { TemplateFault } from './template-fault.js'
import { Dict, lengthOfText, Markup, Tuple, typeName, Undefined, type Call, type Value } from './values.js'
import type { Filter } from './filters-of-items.js'
import { escaped } from './markup.js'
import { readFloat, readInteger } from './numbers.js'
import { calculate, numberIn } from './arithmetic.js'
import { isTrue, lengthOf } from './operations.js'
import { printf, roundNumber } from './printf.js'
import { splitLines } from './split.js'
import { centerText, replaceText } from './string-methods.js'
import { sliceOf } from './slices.js'
import { trimBoth, WHITE } from './white-space.js'
import { writeJson, writeValue } from './write-values.js'

const onText = (name: string, make: (text: string) => Value): [string, Filter] => [
  name,
  (value, call) => {
    take(call, name)
    const made = make(writeValue(value, call.budget))
    return typeof made === 'string' ? call.budget.made(made) : made
  }
]

const TITLE_BREAK = new RegExp(`([-${WHITE}({\\[<]+)`)

/** The filter `title`, which begins words elsewhere than the method does. */
const titled = (text: string): string =>
  text
    .split(TITLE_BREAK)
    .filter(part => part !== '')
    .map(part => {
      const [head] = part
      return head.toUpperCase() + part.slice(head.length).toLowerCase()
    })
    .join('')

const trim: Filter = (value, call) => {
  const [characters] = take(call, 'trim', { optional: ['chars'], byName: true })
  return call.budget.made(trimBoth(writeValue(value, call.budget), textOrNone(characters, 'trim')))
}

const replace: Filter = (value, call) => {
  const [old = null, by = null, count] = take(call, 'replace', {
    required: ['old', 'new'],
    optional: ['count'],
    byName: true
  })
  const times = count === undefined || count === null ? -1 : integerOf(count, 'replace')
  return replaceText(
    writeValue(value, call.budget),
    writeValue(old, call.budget),
    writeValue(by, call.budget),
    times,
    call.budget
  )
}

const indent: Filter = (value, call) => {
  const [width = 4n, first = false, blank = false] = take(call, 'indent', {
    optional: ['width', 'first', 'blank'],
    byName: true
  })
  const by = typeof width === 'string' ? width : spaces(width, call)
  // a line end at the end is followed by a line
  const lines = splitLines(`${textOf(value, 'indent')}\n`, false)
  call.budget.make(lines.length * by.length)
  const rest = lines.slice(1).map(line => (line !== '' || isTrue(blank) ? by + line : line))
  return call.budget.made((isTrue(first) ? by : '') + [lines[0], ...rest].join('\n'))
}

function spaces(width: Value, { budget }: Call): string {
  const count = Math.max(0, integerOf(width, 'indent'))
  budget.make(count)
  return ' '.repeat(count)
}

const tojson: Filter = (value, call) => {
  const [ensureAscii = false, indentBy = null, separators = null, sortKeys = false] = take(call, 'tojson', {
    optional: ['ensure_ascii', 'indent', 'separators', 'sort_keys'],
    byName: true
  })
  const level = indentBy === null ? undefined : typeof indentBy === 'string' ? indentBy : spaces(indentBy, call)
  const options = {
    ensureAscii: isTrue(ensureAscii),
    indent: level,
    separators: separatorsOf(separators, level),
    sortKeys: isTrue(sortKeys)
  }
  return writeJson(value, options, call.budget)
}

function separatorsOf(separators: Value, level: string | undefined): readonly [string, string] {
  if (separators === null) return [level === undefined ? ', ' : ',', ': ']
  const pair = separators instanceof Tuple ? separators.items : Array.isArray(separators) ? separators : []
  if (pair.length !== 2) throw new TemplateFault('separators are two texts')
  return [textOf(pair[0], 'tojson'), textOf(pair[1], 'tojson')]
}

const toInteger: Filter = (value, call) => {
  const [otherwise = 0n, base = 10n] = take(call, 'int', { optional: ['default', 'base'], byName: true })
  if (value instanceof Undefined) throw new TemplateFault(value.what)
  const number = typeof value === 'string' ? readInteger(value, integerOf(base, 'int')) : numberIn(value)
  if (typeof number === 'bigint') return number
  const float = typeof number === 'number' ? number : typeof value === 'string' ? readFloat(value) : undefined
  // int(float('inf')) is an OverflowError: of a text the default, of a float not caught the first time, but the second
  return float === undefined || !Number.isFinite(float) ? otherwise : BigInt(Math.trunc(float))
}

const toFloatFilter: Filter = (value, call) => {
  const [otherwise = 0] = take(call, 'float', { optional: ['default'], byName: true })
  if (value instanceof Undefined) throw new TemplateFault(value.what)
  const number = typeof value === 'string' ? readFloat(value) : numberIn(value)
  return number === undefined ? otherwise : Number(number)
}

const round: Filter = (value, call) => {
  const [precision = 0n, method = 'common'] = take(call, 'round', { optional: ['precision', 'method'], byName: true })
  const number = numberIn(value)
  const digits = BigInt(integerOf(precision, 'round'))
  if (number === undefined) throw new TemplateFault(`a ${typeName(value)} is not rounded`)
  if (method === 'common') return roundNumber(number, digits)
  if (method !== 'ceil' && method !== 'floor') throw new TemplateFault('method must be common, ceil or floor')
  const unit = calculate('**', 10n, digits)
  const scaled = Number(calculate('*', number, unit))
  return calculate('/', BigInt(method === 'ceil' ? Math.ceil(scaled) : Math.floor(scaled)), unit)
}

const abs: Filter = (value, call) => {
  take(call, 'abs')
  const number = numberIn(value)
  if (number === undefined) throw new TemplateFault(`bad operand type for abs(): '${typeName(value)}'`)
  return typeof number === 'bigint' ? (number < 0n ? -number : number) : Math.abs(number)
}

const length: Filter = (value, call) => {
  take(call, 'length')
  return BigInt(lengthOf(value))
}

const defaulted: Filter = (value, call) => {
  const [otherwise = '', boolean = false] = take(call, 'default', {
    optional: ['default_value', 'boolean'],
    byName: true
  })
  return value instanceof Undefined || (isTrue(boolean) && !isTrue(value)) ? otherwise : value
}

const format: Filter = (value, call) => {
  if (call.args.length && call.named.size)
    throw new TemplateFault("can't handle positional and keyword arguments at the same time")
  const values = call.named.size ? new Dict(call.named) : new Tuple(call.args)
  return printf(writeValue(value, call.budget), values, call.budget)
}

const truncate: Filter = (value, call) => {
  const [most = 255n, kill = false, end = '...', leeway = 5n] = take(call, 'truncate', {
    optional: ['length', 'killwords', 'end', 'leeway'],
    byName: true
  })
  const text = textOf(value, 'truncate')
  const mark = textOf(end, 'truncate')
  const size = integerOf(most, 'truncate')
  const spare = leeway === null ? 5 : integerOf(leeway, 'truncate')
  if (size < lengthOfText(mark) || spare < 0)
    throw new TemplateFault('truncate wants a length of at least its mark, and a leeway of at least 0')
  if (lengthOfText(text) <= size + spare) return text
  const cut = textOf(sliceOf(text, [undefined, BigInt(size - lengthOfText(mark))], call.budget), 'truncate')
  const space = cut.lastIndexOf(' ')
  return call.budget.made((isTrue(kill) || space < 0 ? cut : cut.slice(0, space)) + mark)
}

const center: Filter = (value, call) => {
  const [width = 80n] = take(call, 'center', { optional: ['width'], byName: true })
  return centerText(writeValue(value, call.budget), integerOf(width, 'center'), call.budget)
}

/** `wordcount` counts runs of \w. */
const words = (text: string): Value => BigInt(text.match(/[\p{L}\p{N}_]+/gu)?.length ?? 0)

const safe: Filter = (value, call) => {
  take(call, 'safe')
  return value instanceof Markup ? value : new Markup(writeValue(value, call.budget))
}

const escape: Filter = (value, call) => {
  take(call, 'escape')
  return new Markup(
    escaped(typeof value === 'string' || value instanceof Markup ? value : writeValue(value, call.budget), call.budget)
  )
}

const write: Filter = (value: Value, call: Call) => {
  take(call, 'string')
  if (value instanceof Markup) return value
  return writeValue(value, call.budget)
}

/** Filters of texts and numbers. */
export const filtersOfText: ReadonlyMap<string, Filter> = new Map<string, Filter>([
  onText('upper', text => text.toUpperCase()),
  onText('lower', text => text.toLowerCase()),
  onText('title', titled),
  onText('capitalize', capitalizeText),
  onText('wordcount', words),
  ['trim', trim],
  ['replace', replace],
  ['indent', indent],
  ['tojson', tojson],
  ['int', toInteger],
  ['float', toFloatFilter],
  ['round', round],
  ['abs', abs],
  ['length', length],
  ['count', length],
  ['default', defaulted],
  ['d', defaulted],
  ['format', format],
  ['truncate', truncate],
  ['center', center],
  ['string', write],
  ['safe', safe],
  ['e', escape],
  ['escape', escape]
])

/** Filters that take what `safe` gave; the others would make a text of it that is not safe. */
export const takesMarkup: ReadonlySet<string> = new Set([
  'safe',
  'e',
  'escape',
  'string',
  'tojson',
  'default',
  'd',
  'length',
  'count'
])

/** Filters of Jinja that are not supported here; a template with one is refused before it is rendered. */
export const unreadFilters: ReadonlySet<string> = new Set([
  'filesizeformat',
  'forceescape',
  'pprint',
  'random',
  'striptags',
  'urlencode',
  'urlize',
  'wordwrap',
  'xmlattr'
])
