import { attributeOf, itemOf } from './attributes.js'
import type { Budget } from './budget.js'
import { applyFilter, applyTest } from './calls.js'
import { TemplateFault } from './template-fault.js'
import { Dict, typeName, Callable, Tuple, Undefined, type Call, type Value } from './values.js'
import { refuseUnread } from './globals.js'
import type { Arguments, Expression } from './nodes.js'
import { calculate, numberIn } from './arithmetic.js'
import { isSo, isTrue, itemsOf, operate } from './operations.js'
import type { Scope } from './scope.js'
import { sliceOf } from './slices.js'
import { writeValue } from './write-values.js'

/** The value of an expression, as Python's. @throws TemplateFault */
export function evaluate(node: Expression, scope: Scope, budget: Budget): Value {
  budget.step()
  const of = (each: Expression) => evaluate(each, scope, budget)
  switch (node.kind) {
    case 'constant':
      return node.value
    case 'name':
      return refuseUnread(node.name, scope.get(node.name))
    case 'list':
      return node.items.map(of)
    case 'tuple':
      return new Tuple(node.items.map(of))
    case 'dict':
      return new Dict(node.entries.map(([key, value]) => [of(key), of(value)] as const))
    case 'attribute':
      return attributeOf(of(node.of), node.name)
    case 'item':
      return itemOf(of(node.of), of(node.key))
    case 'slice':
      return slice(
        of(node.of),
        node.bounds.map(bound => bound && of(bound)),
        budget
      )
    case 'call':
      return callValue(of(node.of), callOf(node.given, scope, budget))
    case 'filter':
      return applyFilter(node.name, of(node.of), callOf(node.given, scope, budget))
    case 'test':
      return applyTest(node.name, of(node.of), callOf(node.given, scope, budget))
    case 'not':
      return !isTrue(of(node.of))
    case 'minus':
      return signed('-', of(node.of))
    case 'plus':
      return signed('+', of(node.of))
    case 'and': {
      const left = of(node.left)
      return isTrue(left) ? of(node.right) : left
    }
    case 'or': {
      const left = of(node.left)
      return isTrue(left) ? left : of(node.right)
    }
    case 'operation': {
      const left = of(node.left)
      return operate(node.operator, left, of(node.right), budget)
    }
    case 'comparison':
      return compared(node, scope, budget)
    case 'concatenation':
      return budget.made(node.parts.map(part => writeValue(of(part), budget)).join(''))
    case 'condition': {
      if (isTrue(of(node.test))) return of(node.then)
      return node.otherwise
        ? of(node.otherwise)
        : new Undefined('the inline if-expression evaluated to false and no else section was defined')
    }
  }
}

function slice(value: Value, bounds: readonly (Value | undefined)[], budget: Budget): Value {
  if (value instanceof Undefined) throw new TemplateFault(value.what)
  return sliceOf(value, bounds, budget)
}

/** `a < b < c`: an operand in the middle is evaluated once, one after a false comparison never. */
function compared(
  { first, others }: Expression & { readonly kind: 'comparison' },
  scope: Scope,
  budget: Budget
): boolean {
  let left = evaluate(first, scope, budget)
  for (const { operator, of } of others) {
    const right = evaluate(of, scope, budget)
    if (!isSo(operator, left, right, budget)) return false
    left = right
  }
  return true
}

function signed(sign: '-' | '+', value: Value): Value {
  if (value instanceof Undefined) throw new TemplateFault(value.what)
  const number = numberIn(value)
  if (number === undefined) throw new TemplateFault(`bad operand type for unary ${sign}: '${typeName(value)}'`)
  if (sign === '+') return number
  return typeof number === 'bigint' ? calculate('-', 0n, number) : -number
}

/** The arguments of a call, those in `*` and `**` too. */
export function callOf(given: Arguments, scope: Scope, budget: Budget): Call {
  const args = given.args.map(each => evaluate(each, scope, budget))
  const named = new Map(given.named.map(([name, value]) => [name, evaluate(value, scope, budget)] as const))
  if (given.restArgs) args.push(...itemsOf(evaluate(given.restArgs, scope, budget), budget))
  if (given.restNamed) {
    const rest = evaluate(given.restNamed, scope, budget)
    if (!(rest instanceof Dict)) throw new TemplateFault(`argument after ** must be a mapping, not ${typeName(rest)}`)
    for (const [name, value] of rest.entries()) {
      if (typeof name !== 'string' || named.has(name))
        throw new TemplateFault('an argument after ** has no name of its own')
      named.set(name, value)
    }
  }
  return { budget, args, named }
}

/** Calls a function, a method or a macro. @throws TemplateFault for what is none */
export function callValue(value: Value, call: Call): Value {
  if (value instanceof Undefined) throw new TemplateFault(value.what)
  if (!(value instanceof Callable)) throw new TemplateFault(`'${typeName(value)}' object is not callable`)
  return value.call(call)
}
