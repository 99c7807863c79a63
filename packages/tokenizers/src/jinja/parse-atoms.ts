import type { Arguments, Expression } from './nodes.js'
import { parseExpression, parseTuple } from './parse-expressions.js'
import type { TokenStream } from './token-stream.js'
import { TemplateFault } from './values.js'

const CONSTANTS: ReadonlyMap<string, boolean | null> = new Map([
  ['true', true],
  ['True', true],
  ['false', false],
  ['False', false],
  ['none', null],
  ['None', null]
])

/** A name, a literal, or an expression in parentheses. */
export function parseAtom(stream: TokenStream): Expression {
  if (stream.skipOperator('(')) {
    const inner = stream.within(() => parseTuple(stream, { inParentheses: true }))
    stream.expectOperator(')')
    return inner
  }
  if (stream.isOperator('[')) return parseList(stream)
  if (stream.isOperator('{')) return parseDict(stream)
  const token = stream.peek()
  if (token?.type === 'name') {
    stream.next()
    const constant = CONSTANTS.get(token.text)
    return constant === undefined ? { kind: 'name', name: token.text } : { kind: 'constant', value: constant }
  }
  if (token?.type !== 'constant') throw stream.unexpected('an expression')
  stream.next()
  return { kind: 'constant', value: typeof token.value === 'string' ? token.value + restOfString(stream) : token.value }
}

/** Strings next to one another are one. */
function restOfString(stream: TokenStream): string {
  let rest = ''
  for (
    let token = stream.peek();
    token?.type === 'constant' && typeof token.value === 'string';
    token = stream.peek()
  ) {
    rest += token.value
    stream.next()
  }
  return rest
}

function parseList(stream: TokenStream): Expression {
  return { kind: 'list', items: parseItems(stream, '[', ']', () => parseExpression(stream)) }
}

function parseDict(stream: TokenStream): Expression {
  const entries = parseItems(stream, '{', '}', (): readonly [Expression, Expression] => {
    const key = parseExpression(stream)
    stream.expectOperator(':')
    return [key, parseExpression(stream)]
  })
  return { kind: 'dict', entries }
}

function parseItems<Item>(stream: TokenStream, open: string, close: string, parse: () => Item): Item[] {
  stream.expectOperator(open)
  const items: Item[] = []
  while (!stream.isOperator(close)) {
    if (items.length) stream.expectOperator(',')
    if (stream.isOperator(close)) break
    items.push(parse())
  }
  stream.expectOperator(close)
  return items
}

/** What follows a value: `.name`, `[key]`, `(arguments)`. */
export function parsePostfix(stream: TokenStream, operand: Expression): Expression {
  let node = operand
  for (;;) {
    if (stream.skipOperator('.')) node = parseMember(stream, node)
    else if (stream.skipOperator('[')) node = parseSubscript(stream, node)
    else if (stream.isOperator('(')) node = { kind: 'call', of: node, given: parseArguments(stream) }
    else return node
  }
}

function parseMember(stream: TokenStream, of: Expression): Expression {
  const token = stream.next()
  if (token.type === 'name') return { kind: 'attribute', of, name: token.text }
  if (token.type !== 'constant' || typeof token.value !== 'bigint')
    throw new TemplateFault('expected a name or a number after a dot')
  return { kind: 'item', of, key: { kind: 'constant', value: token.value } }
}

function parseSubscript(stream: TokenStream, of: Expression): Expression {
  const node = stream.isOperator(':') ? parseSlice(stream, of, undefined) : parseKey(stream, of)
  if (stream.isOperator(',')) throw new TemplateFault('several keys between brackets are not supported here')
  stream.expectOperator(']')
  return node
}

function parseKey(stream: TokenStream, of: Expression): Expression {
  const key = parseExpression(stream)
  return stream.isOperator(':') ? parseSlice(stream, of, key) : { kind: 'item', of, key }
}

function parseSlice(stream: TokenStream, of: Expression, start: Expression | undefined): Expression {
  const bounds: (Expression | undefined)[] = [start]
  while (bounds.length < 3 && stream.skipOperator(':')) {
    bounds.push(
      stream.isOperator(':') || stream.isOperator(']') || stream.isOperator(',') ? undefined : parseExpression(stream)
    )
  }
  return { kind: 'slice', of, bounds }
}

/** Arguments with their parentheses. */
export function parseArguments(stream: TokenStream): Arguments {
  const args: Expression[] = []
  const named: (readonly [string, Expression])[] = []
  let restArgs: Expression | undefined
  let restNamed: Expression | undefined
  const ensure = (right: boolean) => {
    if (!right) throw new TemplateFault('the arguments of a call are in a wrong order')
  }
  stream.expectOperator('(')
  for (let first = true; !stream.isOperator(')'); first = false) {
    if (!first) stream.expectOperator(',')
    if (stream.isOperator(')')) break
    const token = stream.peek()
    if (stream.skipOperator('*')) {
      ensure(!restArgs && !restNamed)
      restArgs = parseExpression(stream)
    } else if (stream.skipOperator('**')) {
      ensure(!restNamed)
      restNamed = parseExpression(stream)
    } else if (token?.type === 'name' && stream.isOperator('=', 1)) {
      ensure(!restNamed)
      stream.next()
      stream.next()
      if (named.some(([name]) => name === token.text))
        throw new TemplateFault(`the argument ${token.text} is given twice`)
      named.push([token.text, parseExpression(stream)])
    } else {
      ensure(!restArgs && !restNamed && !named.length)
      args.push(parseExpression(stream))
    }
  }
  stream.expectOperator(')')
  return { args, named, restArgs, restNamed }
}
