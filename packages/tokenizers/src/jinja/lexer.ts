import { readNumber, readString } from './literals.js'
import { TemplateFault } from './template-fault.js'
import { WHITE, trimEnd } from './white-space.js'

/** A token of a template. */
export type Token =
  | { readonly type: 'text'; readonly text: string }
  | { readonly type: 'begin' | 'end' | 'write' | 'written' }
  | { readonly type: 'name' | 'operator'; readonly text: string }
  | { readonly type: 'constant'; readonly value: string | bigint | number }

const S = `[${WHITE}]`
const NEXT_TAG = new RegExp(`\\{%([-+]?)${S}*raw${S}*(?:-%\\}${S}*|%\\})|\\{\\{([-+]?)|\\{%([-+]?)|\\{#([-+]?)`, 'g')
const END_RAW = new RegExp(`\\{%([-+]?)${S}*endraw${S}*(?:\\+%\\}|-%\\}${S}*|%\\}\\n?)`, 'g')
const END_COMMENT = new RegExp(`\\+#\\}|-#\\}${S}*|#\\}\\n?`, 'g')
const END_BLOCK = new RegExp(`\\+%\\}|-%\\}${S}*|%\\}\\n?`, 'y')
const END_WRITE = new RegExp(`-\\}\\}${S}*|\\}\\}`, 'y')
const SPACES = new RegExp(`${S}+`, 'y')
const FLOAT = /(?:\d+_)*\d+(?:(?:\.(?:\d+_)*\d+)?e[+-]?(?:\d+_)*\d+|\.(?:\d+_)*\d+)/iy
const INTEGER = /0b(?:_?[01])+|0o(?:_?[0-7])+|0x(?:_?[\da-f])+|[1-9](?:_?\d)*|0(?:_?0)*/iy
const NAME = /[\p{L}\p{Nl}\p{Nd}\p{Mn}\p{Mc}\p{Pc}·]+/uy
const STRING = /'[^'\\]*(?:\\[^][^'\\]*)*'|"[^"\\]*(?:\\[^][^"\\]*)*"/y
const OPERATOR = /\/\/|\*\*|==|!=|<=|>=|[+\-/*%~[\](){}><=.:|,;]/y
const CLOSES: Readonly<Record<string, string>> = { '(': ')', '[': ']', '{': '}' }

/**
 * The tokens of a template, as Jinja 3.1 reads them with `trim_blocks` and `lstrip_blocks`: every line end is \n, one
 * at the very end is left out.
 *
 * @throws TemplateFault
 */
export function tokensOf(template: string): Token[] {
  const source = template.replace(/\r\n|\r/g, '\n').replace(/\n$/, '')
  const tokens: Token[] = []
  let at = 0
  let lineBegins = true
  while (at < source.length) {
    NEXT_TAG.lastIndex = at
    const tag = NEXT_TAG.exec(source)
    if (!tag) {
      tokens.push({ type: 'text', text: source.slice(at) })
      break
    }
    const [whole, raw, write, block, comment] = tag
    const isWrite = write !== undefined
    pushText(tokens, stripped(source.slice(at, tag.index), raw ?? write ?? block ?? comment, isWrite, lineBegins))
    at = tag.index + whole.length
    if (raw !== undefined) at = readRaw(source, at, whole.endsWith('\n'), tokens)
    else if (comment !== undefined) at = endOf(END_COMMENT, source, at, 'a comment has no end').after
    else {
      tokens.push({ type: isWrite ? 'write' : 'begin' })
      at = readTag(source, at, isWrite, tokens)
    }
    lineBegins = source[at - 1] === '\n'
  }
  return tokens
}

function pushText(tokens: Token[], text: string): void {
  if (text !== '') tokens.push({ type: 'text', text })
}

/** Text before a tag, without the white space that the tag takes away. */
function stripped(text: string, sign: string, isWrite: boolean, lineBegins: boolean): string {
  if (sign === '-') return trimEnd(text)
  if (sign === '+' || isWrite) return text
  const line = text.lastIndexOf('\n') + 1
  if (line === 0 && !lineBegins) return text
  return trimEnd(text.slice(line)) === '' ? text.slice(0, line) : text
}

function endOf(
  pattern: RegExp,
  source: string,
  at: number,
  problem: string
): { readonly from: number; readonly after: number; readonly sign: string } {
  pattern.lastIndex = at
  const end = pattern.exec(source)
  if (!end) throw new TemplateFault(problem)
  return { from: end.index, after: pattern.lastIndex, sign: end[1] ?? '' }
}

function readRaw(source: string, at: number, lineBegins: boolean, tokens: Token[]): number {
  const { from, after, sign } = endOf(END_RAW, source, at, 'a raw block has no end')
  pushText(tokens, stripped(source.slice(at, from), sign, false, lineBegins))
  return after
}

/** Tokens up to the end of a tag; returns where the template goes on. */
function readTag(source: string, begin: number, isWrite: boolean, tokens: Token[]): number {
  const open: string[] = []
  let at = begin
  const take = (pattern: RegExp): string | undefined => {
    pattern.lastIndex = at
    const match = pattern.exec(source)
    if (!match) return undefined
    at = pattern.lastIndex
    return match[0]
  }
  while (at < source.length) {
    if (!open.length && take(isWrite ? END_WRITE : END_BLOCK) !== undefined) {
      tokens.push({ type: isWrite ? 'written' : 'end' })
      return at
    }
    if (take(SPACES) !== undefined) continue
    const number = (source[at - 1] === '.' ? undefined : take(FLOAT)) ?? take(INTEGER)
    if (number !== undefined) {
      tokens.push({ type: 'constant', value: readNumber(number) })
      continue
    }
    const name = take(NAME)
    if (name !== undefined) {
      if (!/^[\p{L}\p{Nl}_][\p{L}\p{Nl}\p{Nd}\p{Mn}\p{Mc}\p{Pc}·]*$/u.test(name))
        throw new TemplateFault(`'${name}' is not a name`)
      tokens.push({ type: 'name', text: name })
      continue
    }
    const string = take(STRING)
    if (string !== undefined) {
      tokens.push({ type: 'constant', value: readString(string.slice(1, -1)) })
      continue
    }
    const operator = take(OPERATOR)
    if (operator === undefined) throw new TemplateFault(`unexpected character ${JSON.stringify(source[at])}`)
    if (operator in CLOSES) open.push(CLOSES[operator])
    else if (/^[)\]}]$/.test(operator) && open.pop() !== operator) throw new TemplateFault(`unexpected '${operator}'`)
    tokens.push({ type: 'operator', text: operator })
  }
  throw new TemplateFault('a tag has no end')
}
