import type { TokenStream } from './token-stream.js'
import type { Arguments, Expression } from './nodes.js'
import { TemplateFault } from './template-fault.js'

/** What is between two brackets, with commas between. */
export function parseItems<Item>(stream: TokenStream, open: string, close: string, parse: () => Item): Item[] {
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

/** Arguments with their parentheses, each read by `parse`. */
export function parseArguments(stream: TokenStream, parse: (stream: TokenStream) => Expression): Arguments {
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
      restArgs = parse(stream)
    } else if (stream.skipOperator('**')) {
      ensure(!restNamed)
      restNamed = parse(stream)
    } else if (token?.type === 'name' && stream.isOperator('=', 1)) {
      ensure(!restNamed)
      stream.next()
      stream.next()
      if (named.some(([name]) => name === token.text))
        throw new TemplateFault(`the argument ${token.text} is given twice`)
      named.push([token.text, parse(stream)])
    } else {
      ensure(!restArgs && !restNamed && !named.length)
      args.push(parse(stream))
    }
  }
  stream.expectOperator(')')
  return { args, named, restArgs, restNamed }
}
