import type { TokenStream } from './token-stream.js'
import type { Target } from './nodes.js'
import { atTupleEnd } from './parse-expressions.js'
import { TemplateFault } from './template-fault.js'

/** What is assigned to: names, with `withMember` also `namespace.name`. */
export function parseTarget(stream: TokenStream, withMember: boolean, endName?: string): Target {
  const items: Target[] = []
  let isTuple = false
  while (!atTupleEnd(stream, endName)) {
    items.push(parseOneTarget(stream, withMember))
    if (!stream.skipOperator(',')) break
    isTuple = true
  }
  if (!items.length) throw stream.unexpected('a name')
  return isTuple ? { kind: 'tuple', items } : items[0]
}

const RESERVED = new Set(['true', 'false', 'none', 'True', 'False', 'None'])

function parseOneTarget(stream: TokenStream, withMember: boolean): Target {
  if (stream.skipOperator('(')) {
    const inner = stream.within(() => parseTarget(stream, withMember))
    stream.expectOperator(')')
    return inner
  }
  const name = stream.takeName()
  if (RESERVED.has(name)) throw new TemplateFault(`'${name}' cannot be assigned to`)
  return withMember && stream.skipOperator('.')
    ? { kind: 'member', of: name, name: stream.takeName() }
    : { kind: 'name', name }
}
