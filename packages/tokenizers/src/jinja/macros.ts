import { limits } from './budget.js'
import { TemplateFault } from './template-fault.js'
import { Dict, Callable, Tuple, Undefined, type Call, type Value } from './values.js'
import { evaluate } from './evaluate.js'
import type { Body, Signature } from './nodes.js'
import { Scope } from './scope.js'

let depth = 0

/** What a macro, or the body of a call block, is made of. */
export interface MacroParts {
  readonly name: string
  readonly signature: Signature
  readonly uses: ReadonlySet<string>
  /** Where it is defined. */
  readonly scope: Scope
  /** Writes the body. */
  readonly write: (body: Body, scope: Scope) => string
  readonly body: Body
}

/** A macro as a function. */
export const macroOf = (parts: MacroParts): Callable =>
  new Callable(parts.name, call => {
    if (depth >= limits.depth) throw new TemplateFault(`macros call one another more than ${limits.depth} deep`)
    depth++
    try {
      return parts.write(parts.body, bind(parts, call))
    } finally {
      depth--
    }
  })

/** The names that a body sees, with Jinja's rules for what is given too much. @throws TemplateFault */
function bind(
  { name, signature: { parameters, defaults }, uses, scope }: MacroParts,
  { budget, args, named }: Call
): Scope {
  const inner = new Scope(scope)
  const rest = new Map(named)
  const without: number[] = []
  parameters.forEach((parameter, i) => {
    const value = i < args.length ? args[i] : rest.get(parameter)
    if (i >= args.length) rest.delete(parameter)
    if (value === undefined) without.push(i)
    inner.set(parameter, value === undefined ? new Undefined(`parameter '${parameter}' was not provided`) : value)
  })
  if (uses.has('caller') && !parameters.includes('caller')) {
    inner.set('caller', takeCaller(rest))
  }
  if (uses.has('kwargs') && !parameters.includes('kwargs')) inner.set('kwargs', new Dict(rest))
  else if (rest.size) throw new TemplateFault(`macro '${name}' takes no keyword argument '${[...rest.keys()][0]}'`)
  if (uses.has('varargs') && !parameters.includes('varargs'))
    inner.set('varargs', new Tuple(args.slice(parameters.length)))
  else if (args.length > parameters.length)
    throw new TemplateFault(`macro '${name}' takes not more than ${parameters.length} argument(s)`)
  for (const i of without) {
    const own = defaults[i - (parameters.length - defaults.length)]
    if (own) inner.set(parameters[i], evaluate(own, inner, budget))
  }
  return inner
}

function takeCaller(rest: Map<string, Value>): Value {
  const caller = rest.get('caller')
  rest.delete('caller')
  return caller === undefined || caller === null ? new Undefined('No caller defined') : caller
}
