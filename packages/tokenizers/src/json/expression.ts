import { ExpressionReader } from './expression-reader.js'
import { ANY_SPACE, property, wordClass } from './unicode.js'
import { unsupported } from './refuse.js'

/**
 * Translates an expression of Oniguruma (with the syntax and meaning of `tokenizers`) into JavaScript with the flag v:
 * white space, words, digits and properties of its Unicode, lines that end at \n alone, letters of either case with
 * everything that folds to them, atomic groups. Anything not known to mean the same is refused.
 *
 * @param exact whether characters of a later Unicode are distinguished, see {@link property}
 * @param where for messages
 * @throws SkipwiseError `TOKENIZER_UNSUPPORTED`
 */
export function translate(expression: string, exact: boolean, where: string): string {
  const reader = new ExpressionReader(expression)
  const state: State = { reader, exact, where, atomics: 0, depth: 0 }
  const source = alternatives(state, false)
  if (!reader.done) throw refuse(state, 'an unmatched parenthesis')
  return source
}

interface State {
  readonly reader: ExpressionReader
  readonly exact: boolean
  readonly where: string
  /** Number of named groups of JavaScript so far. */
  atomics: number
  depth: number
}

const DEEPEST = 100

const refuse = ({ reader, where }: State, what: string) =>
  unsupported(where, `the expression ${JSON.stringify(reader.text)} has ${what}`)

function alternatives(state: State, ignoreCase: boolean): string {
  const { reader } = state
  let source = sequence(state, ignoreCase)
  while (reader.take('|')) source += `|${sequence(state, ignoreCase)}`
  return source
}

/** Letters to which several characters fold together, in Oniguruma: `ss` is ß, `st` is ﬆ. */
const FOLD_TOGETHER = /ff|fi|fl|s[st]/

function sequence(state: State, ignoreCase: boolean): string {
  const { reader } = state
  let source = ''
  let literals = ''
  let folded = ignoreCase
  while (!reader.done && !reader.sees('|') && !reader.sees(')')) {
    if (reader.take('(?i)')) {
      folded = true
      continue
    }
    const literal = reader.sees('\\') ? undefined : reader.peek()
    literals += literal !== undefined && /[a-z]/i.test(literal) ? literal.toLowerCase() : ' '
    if (folded && FOLD_TOGETHER.test(literals)) throw refuse(state, 'letters of either case that fold together')
    source += quantified(state, atom(state, folded), literal)
  }
  return source
}

/** An atom with its quantifier. */
function quantified(state: State, item: string, literal: string | undefined): string {
  const { reader } = state
  const count = reader.quantifier()
  if (count === undefined) return item
  if (/^(?:\(\?<?[=!]|\^|\$)/.test(item) || (literal !== undefined && '^$'.includes(literal)))
    throw refuse(state, 'a place that is repeated')
  let source = `${item}${count.source}`
  if (reader.take('+')) {
    if (count.interval) throw refuse(state, 'an interval that is repeated')
    source = atomic(state, source)
  } else if (reader.take('?')) {
    if (count.interval) throw refuse(state, 'an interval that is lazy')
    source += '?'
  }
  if (reader.quantifier() !== undefined) throw refuse(state, 'a repetition that is repeated')
  return source
}

/** A match is not tried again: JavaScript expresses that by a lookahead. */
function atomic(state: State, source: string): string {
  const name = `a${state.atomics}`
  state.atomics++
  return `(?:(?=(?<${name}>${source}))\\k<${name}>)`
}

function atom(state: State, ignoreCase: boolean): string {
  const { reader } = state
  if (reader.sees('(')) return group(state, ignoreCase)
  if (reader.take('[')) return characterClass(state, ignoreCase)
  if (reader.take('.')) return '[^\\n]'
  if (reader.take('^')) return '(?:^|(?<=\\n)(?!$))'
  if (reader.take('$')) return '(?=\\n|$)'
  if (reader.sees('\\')) return escape(state, ignoreCase)
  if (reader.sees('*') || reader.sees('+') || reader.sees('?')) throw refuse(state, 'a repetition of nothing')
  return character(state, reader.next(), ignoreCase)
}

const GROUPS = ['(?:', '(?=', '(?!', '(?<=', '(?<!'] as const

function group(state: State, ignoreCase: boolean): string {
  const { reader } = state
  state.depth++
  if (state.depth > DEEPEST) throw refuse(state, `parentheses nested more than ${DEEPEST} deep`)
  const inside = (open: string, folded: boolean): string => {
    const source = `${open}${alternatives(state, folded)})`
    if (!reader.take(')')) throw refuse(state, 'a parenthesis that is not closed')
    state.depth--
    return source
  }
  const open = GROUPS.find(each => reader.take(each))
  if (open !== undefined) return inside(open, ignoreCase)
  if (reader.take('(?i:')) return inside('(?:', true)
  if (reader.take('(?>')) return atomic(state, inside('(?:', ignoreCase))
  if (reader.sees('(?')) throw refuse(state, `the group ${reader.text.slice(reader.at, reader.at + 4)}`)
  reader.next()
  return inside('(?:', ignoreCase)
}

/** Other forms of a letter in either case, besides the two: the long s, and the sign of kelvin. */
const FOLDS: Readonly<Record<string, string>> = { s: '\\u017f', k: '\\u212a' }

function character(state: State, literal: string, ignoreCase: boolean): string {
  if (!ignoreCase) return escaped(literal)
  if (literal > '\x7f') throw refuse(state, `${literal} in either case`)
  if (!/[a-z]/i.test(literal)) return escaped(literal)
  return `[${eitherCase(literal)}]`
}

function eitherCase(letter: string): string {
  const small = letter.toLowerCase()
  return `${small}${letter.toUpperCase()}${FOLDS[small] ?? ''}`
}

/** A character as itself, in a class or outside. */
const escaped = (literal: string): string =>
  /^[A-Za-z0-9]$/.test(literal) || literal > '\x7f'
    ? literal
    : `\\x${literal.charCodeAt(0).toString(16).padStart(2, '0')}`

function escape(state: State, ignoreCase: boolean): string {
  const { reader, exact } = state
  const set = shorthand(state)
  if (set !== undefined) return set
  const literal = reader.escapedCharacter()
  if (literal !== undefined) return character(state, literal, ignoreCase)
  if (reader.take('\\A')) return '^'
  if (reader.take('\\z')) return '$'
  if (reader.take('\\Z')) return '(?=\\n?$)'
  const word = wordClass(exact)
  if (reader.take('\\b')) return `(?:(?<=${word})(?!${word})|(?<!${word})(?=${word}))`
  if (reader.take('\\B')) return `(?:(?<=${word})(?=${word})|(?<!${word})(?!${word}))`
  throw refuse(state, reader.text.slice(reader.at, reader.at + 2))
}

/** \s, \p{L} and the like, as a class. */
function shorthand(state: State): string | undefined {
  const { reader, exact } = state
  const sets: readonly (readonly [letter: string, source: () => string | undefined])[] = [
    ['s', () => ANY_SPACE],
    ['w', () => wordClass(exact)],
    ['d', () => property('Nd', exact)],
    ['h', () => '[0-9A-Fa-f]']
  ]
  for (const [letter, source] of sets) {
    if (reader.take(`\\${letter}`)) return `[${source()}]`
    if (reader.take(`\\${letter.toUpperCase()}`)) return `[^${source()}]`
  }
  const named = reader.property()
  if (named === undefined) return undefined
  const source = property(named.name, exact)
  if (source === undefined) throw refuse(state, `the property ${named.name}`)
  return named.negated ? `[^${source}]` : `[${source}]`
}

function characterClass(state: State, ignoreCase: boolean): string {
  const { reader } = state
  state.depth++
  if (state.depth > DEEPEST) throw refuse(state, `classes nested more than ${DEEPEST} deep`)
  const open = reader.take('^') ? '[^' : '['
  if (reader.sees(']')) throw refuse(state, 'a class of nothing')
  let inside = ''
  while (!reader.take(']')) {
    if (reader.done) throw refuse(state, 'a class that is not closed')
    if (reader.sees('&&') || reader.sees('[:')) throw refuse(state, reader.text.slice(reader.at, reader.at + 2))
    if (reader.take('[')) inside += characterClass(state, ignoreCase)
    else inside += classMember(state, ignoreCase)
  }
  state.depth--
  return `${open}${inside}]`
}

/** A set, a character or a range. */
function classMember(state: State, ignoreCase: boolean): string {
  const { reader } = state
  const set = reader.sees('\\') ? shorthand(state) : undefined
  if (set !== undefined) {
    if (ignoreCase) throw refuse(state, 'a class of either case with others in it')
    if (reader.sees('-') && !reader.sees('-]')) throw refuse(state, 'a range from a class')
    return set
  }
  const one = (): string => {
    const literal = reader.sees('\\') ? reader.escapedCharacter() : reader.next()
    if (literal === undefined) throw refuse(state, `${reader.text.slice(reader.at, reader.at + 2)} in a class`)
    return literal
  }
  const first = one()
  if (!reader.sees('-') || reader.sees('-]')) {
    if (!ignoreCase) return escaped(first)
    if (first > '\x7f') throw refuse(state, `${first} in either case`)
    return /[a-z]/i.test(first) ? eitherCase(first) : escaped(first)
  }
  reader.next()
  if (ignoreCase) throw refuse(state, 'a range of either case')
  if (reader.sees('[') || first === '-') throw refuse(state, 'a range to a class')
  const last = one()
  if ((first.codePointAt(0) ?? 0) > (last.codePointAt(0) ?? 0)) throw refuse(state, 'a range in reverse order')
  return `${escaped(first)}-${escaped(last)}`
}
