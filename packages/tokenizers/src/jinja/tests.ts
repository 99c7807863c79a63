import { take } from './arguments.js'
import { isLower, isUpper } from './cases.js'
import { TemplateFault } from './template-fault.js'
import {
  Dict,
  typeName,
  Callable,
  Lazy,
  Markup,
  Namespace,
  Range,
  Tuple,
  Undefined,
  type Call,
  type Value
} from './values.js'
import type { Comparison } from './nodes.js'
import { calculate, numberIn } from './arithmetic.js'
import { isEqual, isSame, isSo } from './operations.js'
import { isList, writeValue } from './write-values.js'

type Test = (value: Value, call: Call) => boolean

const plain = (name: string, test: (value: Value, call: Call) => boolean): [string, Test] => [
  name,
  (value, call) => {
    take(call, name)
    return test(value, call)
  }
]

const comparing = (operator: Comparison, ...names: readonly string[]): [string, Test][] =>
  names.map(name => [
    name,
    (value, call) => {
      const [other = null] = take(call, name, { required: ['other'] })
      return isSo(operator, value, other, call.budget)
    }
  ])

function remainder(value: Value, by: Value): Value {
  const [a, b] = [numberIn(value), numberIn(by)]
  if (a === undefined || b === undefined)
    throw new TemplateFault(`a ${typeName(value)} is not divided by a ${typeName(by)}`)
  return calculate('%', a, b)
}

/** What Jinja's tests are; those with arguments take them from the call. */
export const tests: ReadonlyMap<string, Test> = new Map<string, Test>([
  plain('defined', value => !(value instanceof Undefined)),
  plain('undefined', value => value instanceof Undefined),
  plain('none', value => value === null),
  plain('boolean', value => typeof value === 'boolean'),
  plain('true', value => value === true),
  plain('false', value => value === false),
  plain('integer', value => typeof value === 'bigint'),
  plain('float', value => typeof value === 'number'),
  plain('number', value => numberIn(value) !== undefined),
  plain('string', value => typeof value === 'string' || value instanceof Markup),
  plain('mapping', value => value instanceof Dict),
  plain(
    'sequence',
    value =>
      typeof value === 'string' ||
      value instanceof Markup ||
      isList(value) ||
      value instanceof Tuple ||
      value instanceof Dict ||
      value instanceof Range ||
      value instanceof Undefined
  ),
  plain(
    'iterable',
    value =>
      value instanceof Undefined ||
      value instanceof Lazy ||
      (typeof value === 'object' && value !== null && !(value instanceof Namespace) && !(value instanceof Callable)) ||
      typeof value === 'string'
  ),
  // an undefined value has a __call__, which fails
  plain('callable', value => value instanceof Callable || value instanceof Undefined),
  plain('lower', (value, { budget }) => isLower(writeValue(value, budget))),
  plain('upper', (value, { budget }) => isUpper(writeValue(value, budget))),
  plain('escaped', value => value instanceof Markup),
  plain('odd', (value, { budget }) => isEqual(remainder(value, 2n), 1n, budget)),
  plain('even', (value, { budget }) => isEqual(remainder(value, 2n), 0n, budget)),
  [
    'divisibleby',
    (value, call) => {
      const [by = null] = take(call, 'divisibleby', { required: ['num'], byName: true })
      return isEqual(remainder(value, by), 0n, call.budget)
    }
  ],
  [
    'sameas',
    (value, call) => {
      const [other = null] = take(call, 'sameas', { required: ['other'], byName: true })
      return isSame(value, other)
    }
  ],
  ...comparing('==', '==', 'eq', 'equalto'),
  ...comparing('!=', '!=', 'ne'),
  ...comparing('>', '>', 'gt', 'greaterthan'),
  ...comparing('>=', '>=', 'ge'),
  ...comparing('<', '<', 'lt', 'lessthan'),
  ...comparing('<=', '<=', 'le'),
  ...comparing('in', 'in')
])
