import type { Arguments, Comparison, Expression, Operator } from './nodes.js'
import { parseArguments, parseItems } from './parse-brackets.js'
import type { TokenStream } from './token-stream.js'
import { TemplateFault } from './template-fault.js'

const COMPARISONS: readonly Comparison[] = ['==', '!=', '<', '<=', '>', '>=']

/**
 * An expression, with `x if y else z` unless that is another's. Precedence is Jinja's: `~` binds tighter than `+`, a
 * filter tighter than anything.
 */
export function parseExpression(stream: TokenStream, withCondition = true): Expression {
  return stream.within(() => (withCondition ? parseCondition(stream) : parseOr(stream)))
}

function parseCondition(stream: TokenStream): Expression {
  let then = parseOr(stream)
  while (stream.skipName('if')) {
    const test = parseOr(stream)
    const otherwise = stream.skipName('else') ? stream.within(() => parseCondition(stream)) : undefined
    then = { kind: 'condition', test, then, otherwise }
  }
  return then
}

function parseOr(stream: TokenStream): Expression {
  let left = parseAnd(stream)
  while (stream.skipName('or')) left = { kind: 'or', left, right: parseAnd(stream) }
  return left
}

function parseAnd(stream: TokenStream): Expression {
  let left = parseNot(stream)
  while (stream.skipName('and')) left = { kind: 'and', left, right: parseNot(stream) }
  return left
}

function parseNot(stream: TokenStream): Expression {
  if (stream.skipName('not')) return { kind: 'not', of: stream.within(() => parseNot(stream)) }
  return parseComparison(stream)
}

function parseComparison(stream: TokenStream): Expression {
  const first = parseSum(stream)
  const others: { readonly operator: Comparison; readonly of: Expression }[] = []
  for (;;) {
    const operator = takeComparison(stream)
    if (operator === undefined) return others.length ? { kind: 'comparison', first, others } : first
    others.push({ operator, of: parseSum(stream) })
  }
}

function takeComparison(stream: TokenStream): Comparison | undefined {
  if (stream.skipName('in')) return 'in'
  if (stream.isName('not') && stream.isName('in', 1)) {
    stream.next()
    stream.next()
    return 'not in'
  }
  return COMPARISONS.find(operator => stream.skipOperator(operator))
}

const operations =
  (operators: readonly Operator[], parse: (stream: TokenStream) => Expression) =>
  (stream: TokenStream): Expression => {
    let left = parse(stream)
    for (;;) {
      const operator = operators.find(each => stream.skipOperator(each))
      if (operator === undefined) return left
      left = { kind: 'operation', operator, left, right: parse(stream) }
    }
  }

const parsePower = operations(['**'], stream => parseUnary(stream, true))
const parseProduct = operations(['*', '/', '//', '%'], parsePower)
const parseSum = operations(['+', '-'], parseConcatenation)

function parseConcatenation(stream: TokenStream): Expression {
  const parts = [parseProduct(stream)]
  while (stream.skipOperator('~')) parts.push(parseProduct(stream))
  return parts.length === 1 ? parts[0] : { kind: 'concatenation', parts }
}

function parseUnary(stream: TokenStream, withFilter: boolean): Expression {
  const sign = stream.skipOperator('-') ? 'minus' : stream.skipOperator('+') ? 'plus' : undefined
  const operand: Expression = sign
    ? { kind: sign, of: stream.within(() => parseUnary(stream, false)) }
    : parseAtom(stream)
  const node = parsePostfix(stream, operand)
  return withFilter ? parseFilters(stream, node) : node
}

function parseFilters(stream: TokenStream, operand: Expression): Expression {
  let node = operand
  for (;;) {
    if (stream.skipOperator('|')) node = { kind: 'filter', of: node, ...parseFilter(stream) }
    else if (stream.skipName('is')) node = parseTest(stream, node)
    else if (stream.isOperator('(')) node = { kind: 'call', of: node, given: parseGiven(stream) }
    else return node
  }
}

/** The name of a filter, after its `|`, and its arguments. */
export function parseFilter(stream: TokenStream): { readonly name: string; readonly given: Arguments } {
  const name = takeDottedName(stream)
  return { name, given: stream.isOperator('(') ? parseGiven(stream) : NOTHING }
}

const parseGiven = (stream: TokenStream): Arguments => parseArguments(stream, parseExpression)

const NOTHING: Arguments = { args: [], named: [], restArgs: undefined, restNamed: undefined }

function takeDottedName(stream: TokenStream): string {
  let name = stream.takeName()
  while (stream.skipOperator('.')) name += `.${stream.takeName()}`
  return name
}

function parseTest(stream: TokenStream, of: Expression): Expression {
  const negated = stream.skipName('not')
  const name = takeDottedName(stream)
  const test: Expression = { kind: 'test', of, name, given: testArguments(stream) }
  return negated ? { kind: 'not', of: test } : test
}

function testArguments(stream: TokenStream): Arguments {
  if (stream.isOperator('(')) return parseGiven(stream)
  const begins = stream.is('name') || stream.is('constant') || stream.isOperator('[') || stream.isOperator('{')
  if (!begins || ['else', 'or', 'and'].some(word => stream.isName(word))) return NOTHING
  if (stream.isName('is')) throw new TemplateFault('tests cannot be chained with is')
  return { ...NOTHING, args: [parsePostfix(stream, parseAtom(stream))] }
}

/** What parses the items of a tuple, and where it ends. */
interface TupleOptions {
  readonly withCondition?: boolean
  readonly endName?: string
  /** Whether nothing is a tuple. */
  readonly inParentheses?: boolean
}

/** An expression, or a tuple of several with commas between. */
export function parseTuple(
  stream: TokenStream,
  { withCondition = true, endName, inParentheses = false }: TupleOptions = {}
): Expression {
  const items: Expression[] = []
  let isTuple = false
  while (!atTupleEnd(stream, endName)) {
    items.push(parseExpression(stream, withCondition))
    if (!stream.skipOperator(',')) break
    isTuple = true
  }
  if (!isTuple && items.length) return items[0]
  if (!items.length && !inParentheses) throw stream.unexpected('an expression')
  return { kind: 'tuple', items }
}

export const atTupleEnd = (stream: TokenStream, endName: string | undefined): boolean =>
  stream.is('written') ||
  stream.is('end') ||
  stream.isOperator(')') ||
  (endName !== undefined && stream.isName(endName))

const CONSTANTS: ReadonlyMap<string, boolean | null> = new Map([
  ['true', true],
  ['True', true],
  ['false', false],
  ['False', false],
  ['none', null],
  ['None', null]
])

/** A name, a literal, or an expression in parentheses. */
function parseAtom(stream: TokenStream): Expression {
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

/** What follows a value: `.name`, `[key]`, `(arguments)`. */
function parsePostfix(stream: TokenStream, operand: Expression): Expression {
  let node = operand
  for (;;) {
    if (stream.skipOperator('.')) node = parseMember(stream, node)
    else if (stream.skipOperator('[')) node = parseSubscript(stream, node)
    else if (stream.isOperator('(')) node = { kind: 'call', of: node, given: parseGiven(stream) }
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
