import { integerOf, take, textOf, textOrNone } from './arguments.js'
import type { Budget } from './budget.js'
import { capitalizeText, isLower, isTitle, isUpper, swapText, titleText } from './cases.js'
import { formatText } from './format-text.js'
import { lengthOfText, Tuple, type Call, type Value } from './values.js'
import { itemsOf } from './operations.js'
import { sliceOf } from './slices.js'
import { splitFrom, splitLines, splitWords } from './split.js'
import { TemplateFault } from './template-fault.js'
import { trimBoth, trimEnd, trimStart, WHITE } from './white-space.js'

type Method = (text: string, call: Call) => Value

const plain = (name: string, make: (text: string) => Value): [string, Method] => [
  name,
  (text, call) => {
    take(call, name)
    call.budget.step(Math.ceil(text.length / 16))
    const made = make(text)
    return typeof made === 'string' ? call.budget.made(made) : made
  }
]

const trimming = (name: string, trim: (text: string, characters?: string) => string): [string, Method] => [
  name,
  (text, call) => {
    const [characters] = take(call, name, { optional: ['chars'] })
    return call.budget.made(trim(text, textOrNone(characters, name)))
  }
]

/** `startswith`, `endswith`: of one text or of some. */
const testing = (name: string, test: (text: string, part: string) => boolean): [string, Method] => [
  name,
  (text, call) => {
    const [parts, ...bounds] = take(call, name, { required: ['parts'], optional: ['start', 'end'] })
    const within = bounds.some(bound => bound !== undefined) ? textOf(sliceOf(text, bounds, call.budget), name) : text
    if (parts instanceof Tuple) return parts.items.some(part => test(within, textOf(part, name)))
    return test(within, textOf(parts, name))
  }
]

/** `find` and its like: the place in code points. */
const finding = (name: string, find: (text: string, part: string) => number, must: boolean): [string, Method] => [
  name,
  (text, call) => {
    const [wanted, ...bounds] = take(call, name, { required: ['sub'], optional: ['start', 'end'] })
    if (bounds.some(bound => bound !== undefined)) throw new TemplateFault(`${name} with bounds is not supported here`)
    call.budget.step(Math.ceil(text.length / 16))
    const at = find(text, textOf(wanted, name))
    if (at < 0 && must) throw new TemplateFault('substring not found')
    return at < 0 ? -1n : BigInt(lengthOfText(text.slice(0, at)))
  }
]

const isAll = (name: string, pattern: RegExp): [string, Method] => plain(name, text => pattern.test(text))

/** Pads to `width` on the sides that are named; Python's `center` puts an odd one to the left when the width is odd. */
const padding = (
  name: string,
  sides: (missing: number, width: number) => readonly [number, number]
): [string, Method] => [
  name,
  (text, call) => {
    const [width, fill = ' '] = take(call, name, { required: ['width'], optional: ['fillchar'] })
    const character = textOf(fill, name)
    if (lengthOfText(character) !== 1) throw new TemplateFault('the fill character must be exactly one character long')
    return pad(text, integerOf(width, name), character, sides, call.budget)
  }
]

function pad(
  text: string,
  width: number,
  fill: string,
  sides: (missing: number, width: number) => readonly [number, number],
  budget: Budget
): string {
  const missing = width - lengthOfText(text)
  if (missing <= 0) return text
  budget.make(text.length + missing * fill.length)
  const [left, right] = sides(missing, width)
  return fill.repeat(left) + text + fill.repeat(right)
}

const centered = (missing: number, width: number): readonly [number, number] => {
  const left = Math.floor(missing / 2) + (missing & width & 1)
  return [left, missing - left]
}

/** `str.center`. */
export const centerText = (text: string, width: number, budget: Budget): string =>
  pad(text, width, ' ', centered, budget)

const cutting = (
  name: string,
  has: (text: string, part: string) => boolean,
  cut: (text: string, part: string) => string
): [string, Method] => [
  name,
  (text, call) => {
    const [part] = take(call, name, { required: ['part'] })
    const wanted = textOf(part, name)
    return has(text, wanted) ? call.budget.made(cut(text, wanted)) : text
  }
]

const parting = (
  name: string,
  find: (text: string, part: string) => number,
  none: (text: string) => readonly string[]
): [string, Method] => [
  name,
  (text, call) => {
    const [separator] = take(call, name, { required: ['sep'] })
    const wanted = textOf(separator, name)
    if (wanted === '') throw new TemplateFault('empty separator')
    call.budget.make(text.length)
    const at = find(text, wanted)
    return new Tuple(at < 0 ? none(text) : [text.slice(0, at), wanted, text.slice(at + wanted.length)])
  }
]

const splitting = (name: string, fromEnd: boolean): [string, Method] => [
  name,
  (text, call) => {
    const [separator, most] = take(call, name, { optional: ['sep', 'maxsplit'], byName: true })
    call.budget.make(text.length)
    const times = integerOf(most, name, -1)
    const limit = times < 0 ? Infinity : times
    const wanted = textOrNone(separator, name)
    const parts = wanted === undefined ? splitWords(text, limit, fromEnd) : splitFrom(text, wanted, limit, fromEnd)
    call.budget.step(parts.length)
    return parts
  }
]

/** `str.replace`. */
export function replaceText(text: string, old: string, by: string, count: number, budget: Budget): string {
  const parts = old === '' ? Array.from(text) : splitFrom(text, old, count < 0 ? Infinity : count, false)
  budget.step(parts.length)
  if (old !== '') {
    budget.make(text.length + by.length * (parts.length - 1))
    return parts.join(by)
  }
  const places = Math.min(count < 0 ? Infinity : count, parts.length + 1)
  budget.make(text.length + by.length * places)
  return parts.map((part, i) => (i < places ? by : '') + part).join('') + (places > parts.length ? by : '')
}

/** Methods of str that templates use; the others of Python are refused where they are read. */
export const stringMethods: ReadonlyMap<string, Method> = new Map<string, Method>([
  plain('upper', text => text.toUpperCase()),
  plain('lower', text => text.toLowerCase()),
  plain('title', titleText),
  plain('capitalize', capitalizeText),
  plain('swapcase', swapText),
  plain('islower', isLower),
  plain('isupper', isUpper),
  plain('istitle', isTitle),
  isAll('isspace', new RegExp(`^[${WHITE}]+$`)),
  isAll('isalpha', /^\p{L}+$/u),
  isAll('isdecimal', /^\p{Nd}+$/u),
  isAll('isascii', /^[\0-\x7f]*$/),
  trimming('strip', trimBoth),
  trimming('lstrip', trimStart),
  trimming('rstrip', trimEnd),
  testing('startswith', (text, part) => text.startsWith(part)),
  testing('endswith', (text, part) => text.endsWith(part)),
  finding('find', (text, part) => text.indexOf(part), false),
  finding('rfind', (text, part) => text.lastIndexOf(part), false),
  finding('index', (text, part) => text.indexOf(part), true),
  finding('rindex', (text, part) => text.lastIndexOf(part), true),
  padding('center', centered),
  padding('ljust', missing => [0, missing]),
  padding('rjust', missing => [missing, 0]),
  cutting(
    'removeprefix',
    (text, part) => text.startsWith(part),
    (text, part) => text.slice(part.length)
  ),
  cutting(
    'removesuffix',
    (text, part) => part !== '' && text.endsWith(part),
    (text, part) => text.slice(0, text.length - part.length)
  ),
  parting(
    'partition',
    (text, part) => text.indexOf(part),
    text => [text, '', '']
  ),
  parting(
    'rpartition',
    (text, part) => text.lastIndexOf(part),
    text => ['', '', text]
  ),
  splitting('split', false),
  splitting('rsplit', true),
  [
    'splitlines',
    (text, call) => {
      const [keep = false] = take(call, 'splitlines', { optional: ['keepends'], byName: true })
      call.budget.make(text.length)
      const lines = splitLines(text, keep === true)
      call.budget.step(lines.length)
      return lines
    }
  ],
  [
    'zfill',
    (text, call) => {
      const [width] = take(call, 'zfill', { required: ['width'] })
      const missing = integerOf(width, 'zfill') - lengthOfText(text)
      if (missing <= 0) return text
      call.budget.make(text.length + missing)
      const sign = /^[-+]/.exec(text)?.[0] ?? ''
      return sign + '0'.repeat(missing) + text.slice(sign.length)
    }
  ],
  [
    'count',
    (text, call) => {
      const [part] = take(call, 'count', { required: ['sub'] })
      const wanted = textOf(part, 'count')
      call.budget.step(text.length)
      return BigInt(wanted === '' ? lengthOfText(text) + 1 : text.split(wanted).length - 1)
    }
  ],
  [
    'replace',
    (text, call) => {
      const [old, by, count] = take(call, 'replace', { required: ['old', 'new'], optional: ['count'], byName: true })
      return replaceText(
        text,
        textOf(old, 'replace'),
        textOf(by, 'replace'),
        integerOf(count, 'replace', -1),
        call.budget
      )
    }
  ],
  [
    'join',
    (text, call) => {
      const [parts] = take(call, 'join', { required: ['iterable'] })
      const texts = itemsOf(parts ?? null, call.budget).map(part => textOf(part, 'join'))
      call.budget.step(texts.length)
      call.budget.make(texts.reduce((sum, part) => sum + part.length + text.length, 0))
      return texts.join(text)
    }
  ],
  ['format', (text, call) => formatText(text, call)]
])
