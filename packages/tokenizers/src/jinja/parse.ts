import type { Body, Expression, FilterCall, Signature, Statement, Target } from './nodes.js'
import { parseTarget } from './parse-targets.js'
import { parseExpression, parseFilter, parseTuple } from './parse-expressions.js'
import { TokenStream } from './token-stream.js'
import { TemplateFault } from './template-fault.js'

/** The statements of a template. @throws TemplateFault */
export function parse(template: string): Body {
  const stream = new TokenStream(template)
  const body = parseBody(stream, [])
  if (stream.peek()) throw stream.unexpected('the end')
  return body
}

/** Statements up to a tag with one of the names, which is next then, or up to the end. */
function parseBody(stream: TokenStream, ends: readonly string[]): Body {
  const body: Statement[] = []
  for (let token = stream.peek(); token; token = stream.peek()) {
    stream.next()
    if (token.type === 'text') body.push({ kind: 'text', text: token.text })
    else if (token.type === 'write') {
      body.push({ kind: 'write', of: parseTuple(stream) })
      stream.expect('written')
    } else {
      if (ends.some(end => stream.isName(end))) return body
      body.push(...stream.within(() => parseStatement(stream)))
      stream.expect('end')
    }
  }
  if (ends.length) throw new TemplateFault(`the template ends before ${ends.join(' or ')}`)
  return body
}

/** The rest of a tag, and statements up to one of the ends, whose name is next then. */
function parseBlock(stream: TokenStream, ...ends: string[]): Body {
  stream.skipOperator(':')
  stream.expect('end')
  return parseBody(stream, ends)
}

function parseWholeBlock(stream: TokenStream, end: string): Body {
  const body = parseBlock(stream, end)
  stream.expectName(end)
  return body
}

const PARSERS: Readonly<Record<string, (stream: TokenStream) => Statement | readonly Statement[]>> = {
  if: parseIf,
  for: parseFor,
  set: parseSet,
  with: parseWith,
  macro: parseMacro,
  call: parseCallBlock,
  filter: stream => {
    const filters = parseFilterChain(stream)
    return { kind: 'filter-block', filters, body: parseWholeBlock(stream, 'endfilter') }
  },
  generation: stream => ({ kind: 'generation', body: parseFunctionBody(stream, 'endgeneration') }),
  break: stream => parseJump(stream, 'break'),
  continue: stream => parseJump(stream, 'continue'),
  print: parsePrint
}

/** Tags of Jinja for templates of several files, and for HTML. */
const UNREAD = new Set(['autoescape', 'block', 'extends', 'from', 'import', 'include'])

function parseStatement(stream: TokenStream): readonly Statement[] {
  const name = stream.takeName()
  if (UNREAD.has(name)) throw new TemplateFault(`the tag '${name}' is not supported here`)
  if (!Object.hasOwn(PARSERS, name)) throw new TemplateFault(`the tag '${name}' is not known`)
  const parsed = PARSERS[name](stream)
  return 'kind' in parsed ? [parsed] : parsed
}

/** Jinja makes a function of the bodies of macros, call blocks and generation blocks: a loop around is not theirs. */
function parseFunctionBody(stream: TokenStream, end: string): Body {
  const { loops } = stream
  stream.loops = 0
  const body = parseWholeBlock(stream, end)
  stream.loops = loops
  return body
}

function parseJump(stream: TokenStream, kind: 'break' | 'continue'): Statement {
  if (stream.loops === 0) throw new TemplateFault(`'${kind}' stands outside of a loop`)
  return { kind }
}

function parsePrint(stream: TokenStream): readonly Statement[] {
  const written: Statement[] = []
  while (!stream.is('end')) {
    if (written.length) stream.expectOperator(',')
    written.push({ kind: 'write', of: parseExpression(stream) })
  }
  return written
}

function parseIf(stream: TokenStream): Statement {
  const branches: { readonly test: Expression; readonly body: Body }[] = []
  do {
    const test = parseTuple(stream, { withCondition: false })
    branches.push({ test, body: parseBlock(stream, 'elif', 'else', 'endif') })
  } while (stream.skipName('elif'))
  const otherwise = stream.skipName('else') ? parseBlock(stream, 'endif') : []
  stream.expectName('endif')
  return { kind: 'if', branches, otherwise }
}

function parseFor(stream: TokenStream): Statement {
  const target = parseTarget(stream, false, 'in')
  stream.expectName('in')
  const of = parseTuple(stream, { withCondition: false, endName: 'recursive' })
  const test = stream.skipName('if') ? parseExpression(stream) : undefined
  if (stream.skipName('recursive')) throw new TemplateFault('recursive loops are not supported here')
  stream.loops++
  const body = parseBlock(stream, 'endfor', 'else')
  stream.loops--
  const otherwise = stream.skipName('else') ? parseBlock(stream, 'endfor') : []
  stream.expectName('endfor')
  return { kind: 'for', target, of, test, body, otherwise }
}

function parseSet(stream: TokenStream): Statement {
  const target = parseTarget(stream, true)
  if (stream.skipOperator('=')) return { kind: 'set', target, value: parseTuple(stream) }
  const filters = stream.skipOperator('|') ? parseFilterChain(stream) : []
  return { kind: 'set-block', target, filters, body: parseWholeBlock(stream, 'endset') }
}

function parseFilterChain(stream: TokenStream): readonly FilterCall[] {
  const filters = [parseFilter(stream)]
  while (stream.skipOperator('|')) filters.push(parseFilter(stream))
  return filters
}

function parseWith(stream: TokenStream): Statement {
  const assignments: (readonly [Target, Expression])[] = []
  while (!stream.is('end') && !stream.isOperator(':')) {
    if (assignments.length) stream.expectOperator(',')
    const target = parseTarget(stream, false)
    stream.expectOperator('=')
    assignments.push([target, parseExpression(stream)])
  }
  return { kind: 'with', assignments, body: parseWholeBlock(stream, 'endwith') }
}

function parseSignature(stream: TokenStream): Signature {
  const parameters: string[] = []
  const defaults: Expression[] = []
  stream.expectOperator('(')
  while (!stream.isOperator(')')) {
    if (parameters.length) stream.expectOperator(',')
    const name = stream.takeName()
    if (parameters.includes(name)) throw new TemplateFault(`the parameter ${name} appears twice`)
    parameters.push(name)
    if (stream.skipOperator('=')) defaults.push(parseExpression(stream))
    else if (defaults.length) throw new TemplateFault('a parameter without a default follows one with')
  }
  stream.expectOperator(')')
  return { parameters, defaults }
}

function parseMacro(stream: TokenStream): Statement {
  const name = stream.takeName()
  const signature = parseSignature(stream)
  const body = parseFunctionBody(stream, 'endmacro')
  return { kind: 'macro', name, signature, body, uses: namesIn(body) }
}

function parseCallBlock(stream: TokenStream): Statement {
  const signature = stream.isOperator('(') ? parseSignature(stream) : { parameters: [], defaults: [] }
  const call = parseExpression(stream)
  if (call.kind !== 'call') throw new TemplateFault('a call block calls nothing')
  const body = parseFunctionBody(stream, 'endcall')
  return { kind: 'call-block', signature, call, body, uses: namesIn(body) }
}

/** Names that a body may read: it takes `caller`, `varargs` and `kwargs` only when it reads them. */
function namesIn(body: Body): ReadonlySet<string> {
  const names = new Set<string>()
  const visit = (node: unknown): void => {
    if (Array.isArray(node)) node.forEach(visit)
    else if (typeof node === 'object' && node !== null && !(node instanceof Set)) {
      if ('kind' in node && node.kind === 'name' && 'name' in node && typeof node.name === 'string')
        names.add(node.name)
      Object.values(node).forEach(visit)
    }
  }
  visit(body)
  return names
}
