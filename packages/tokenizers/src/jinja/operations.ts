import { numberIn, areEqual, calculate } from './arithmetic.js'
import {
  Callable,
  Dict,
  DictView,
  Lazy,
  lengthOfText,
  Loop,
  Markup,
  Namespace,
  Range,
  Tuple,
  typeName,
  Undefined,
  type Value
} from './values.js'
import type { Budget } from './budget.js'
import { TemplateFault } from './template-fault.js'
import { joinMarkup } from './markup.js'
import { printf } from './printf.js'
import type { Comparison, Operator } from './nodes.js'
import { compareText, isList } from './write-values.js'

/** `bool(value)`. */
export function isTrue(value: Value): boolean {
  if (value === null || value instanceof Undefined) return false
  if (typeof value === 'bigint') return value !== 0n
  if (typeof value === 'string' || isList(value) || value instanceof Range) return value.length > 0
  if (value instanceof Tuple) return value.items.length > 0
  if (value instanceof Dict) return value.size > 0
  if (value instanceof DictView) return value.dict.size > 0
  if (value instanceof Markup) return value.text !== ''
  return Boolean(value)
}

/** The items of what can be walked, lazily where Python is. @throws TemplateFault */
export function iterate(value: Value, budget: Budget): Iterable<Value> {
  if (value instanceof Lazy) return { [Symbol.iterator]: () => value.iterator }
  return itemsOf(value, budget)
}

/** All items of what can be walked. @throws TemplateFault */
export function itemsOf(value: Value, budget: Budget): readonly Value[] {
  if (isList(value)) return value
  if (value instanceof Tuple) return value.items
  if (value instanceof Undefined) return []
  if (value instanceof Lazy) {
    const items: Value[] = []
    for (let next = value.iterator.next(); !next.done; next = value.iterator.next()) {
      budget.step()
      items.push(next.value)
    }
    return items
  }
  if (typeof value === 'string') {
    budget.step(value.length)
    return Array.from(value)
  }
  if (value instanceof Dict) return value.entries().map(([key]) => key)
  if (value instanceof DictView) return value.items()
  if (value instanceof Range) return value.items()
  throw new TemplateFault(`'${typeName(value)}' object is not iterable`)
}

/** `len(value)`. @throws TemplateFault */
export function lengthOf(value: Value): number {
  if (typeof value === 'string') return lengthOfText(value)
  if (isList(value) || value instanceof Range) return value.length
  if (value instanceof Tuple) return value.items.length
  if (value instanceof Dict) return value.size
  if (value instanceof DictView) return value.dict.size
  if (value instanceof Undefined) return 0
  if (value instanceof Markup) return lengthOfText(value.text)
  if (value instanceof Loop) return value.length
  throw new TemplateFault(`object of type '${typeName(value)}' has no len()`)
}

/** `left == right`. */
export function isEqual(left: Value, right: Value, budget: Budget): boolean {
  budget.step()
  const [a, b] = [numberIn(left), numberIn(right)]
  if (a !== undefined && b !== undefined) return areEqual(a, b)
  if (left instanceof Undefined) return right instanceof Undefined
  if (left instanceof Markup || right instanceof Markup) throw new TemplateFault('a safe text is not compared here')
  const lists =
    isList(left) && isList(right)
      ? [left, right]
      : left instanceof Tuple && right instanceof Tuple
        ? [left.items, right.items]
        : undefined
  if (lists)
    return lists[0].length === lists[1].length && lists[0].every((item, i) => isEqual(item, lists[1][i], budget))
  if (left instanceof Dict && right instanceof Dict) {
    return (
      left.size === right.size &&
      left.entries().every(([key, value]) => {
        const other = right.get(key)
        return other !== undefined && isEqual(value, other, budget)
      })
    )
  }
  if (left instanceof DictView || left instanceof Range)
    throw new TemplateFault(`a ${typeName(left)} is not compared here`)
  return left === right
}

/** Below, equal or above zero as left is to right. @throws TemplateFault for what Python does not order */
export function compare(left: Value, right: Value, budget: Budget): number {
  budget.step()
  const [a, b] = [numberIn(left), numberIn(right)]
  if (a !== undefined && b !== undefined) return a < b ? -1 : a > b ? 1 : areEqual(a, b) ? 0 : NaN
  if (typeof left === 'string' && typeof right === 'string') return compareText(left, right)
  const lists =
    isList(left) && isList(right)
      ? [left, right]
      : left instanceof Tuple && right instanceof Tuple
        ? [left.items, right.items]
        : undefined
  if (lists) {
    const at = lists[0].findIndex((item, i) => i >= lists[1].length || !isEqual(item, lists[1][i], budget))
    if (at < 0) return lists[0].length - lists[1].length
    return at >= lists[1].length ? 1 : compare(lists[0][at], lists[1][at], budget)
  }
  throw new TemplateFault(`${typeName(left)} and ${typeName(right)} have no order`)
}

/** `item in container`. */
function contains(container: Value, item: Value, budget: Budget): boolean {
  if (typeof container === 'string') {
    if (typeof item !== 'string')
      throw new TemplateFault(`'in <string>' requires string as left operand, not ${typeName(item)}`)
    budget.step(Math.ceil(container.length / 64))
    return container.includes(item)
  }
  if (container instanceof Dict) return container.has(item)
  for (const each of iterate(container, budget)) if (isEqual(each, item, budget)) return true
  return false
}

/** A comparison of two values. */
export function isSo(operator: Comparison, left: Value, right: Value, budget: Budget): boolean {
  switch (operator) {
    case '==':
      return isEqual(left, right, budget)
    case '!=':
      return !isEqual(left, right, budget)
    case 'in':
      return contains(right, left, budget)
    case 'not in':
      return !contains(right, left, budget)
    default: {
      const order = compare(left, right, budget)
      return operator === '<' ? order < 0 : operator === '<=' ? order <= 0 : operator === '>' ? order > 0 : order >= 0
    }
  }
}

/** An operation of arithmetic, or on texts and lists. */
export function operate(operator: Operator, left: Value, right: Value, budget: Budget): Value {
  for (const value of [left, right]) if (value instanceof Undefined) throw new TemplateFault(value.what)
  const [a, b] = [numberIn(left), numberIn(right)]
  if (a !== undefined && b !== undefined) return calculate(operator, a, b)
  if (operator === '%' && typeof left === 'string') return printf(left, right, budget)
  if (operator === '+') {
    if (left instanceof Markup || right instanceof Markup) return joinMarkup(left, right, budget)
    if (typeof left === 'string' && typeof right === 'string') return budget.made(left + right)
    if (isList(left) && isList(right)) {
      budget.step(left.length + right.length)
      return [...left, ...right]
    }
    if (left instanceof Tuple && right instanceof Tuple) return new Tuple([...left.items, ...right.items])
  }
  if (operator === '*') {
    if (typeof b === 'bigint') return repeat(left, b, budget)
    if (typeof a === 'bigint') return repeat(right, a, budget)
  }
  throw new TemplateFault(`unsupported operand type(s) for ${operator}: '${typeName(left)}' and '${typeName(right)}'`)
}

function repeat(value: Value, times: bigint, budget: Budget): Value {
  const count = times < 0n ? 0 : Number(times)
  if (typeof value === 'string') {
    budget.make(value.length * count)
    return value.repeat(value === '' ? 0 : count)
  }
  const items = isList(value) ? value : value instanceof Tuple ? value.items : undefined
  if (!items) throw new TemplateFault(`a ${typeName(value)} cannot be repeated`)
  budget.step(items.length * count)
  const repeated = items.length ? Array.from({ length: count }, () => items).flat() : []
  return isList(value) ? repeated : new Tuple(repeated)
}

/**
 * Whether two values are one object: equality for None, True, False and small values; for others it cannot be decided
 * here.
 */
export function isSame(left: Value, right: Value): boolean {
  for (const value of [left, right]) {
    if (value === null || typeof value === 'boolean' || value instanceof Namespace || value instanceof Callable)
      return left === right
  }
  throw new TemplateFault(`whether a ${typeName(left)} is the same object as another is not known here`)
}
