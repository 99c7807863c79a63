import { integerOf, take, textOf } from './arguments.js'
import { TemplateFault } from './template-fault.js'
import { Dict, Callable, Namespace, Range, Undefined, type Call, type Value } from './values.js'
import { itemsOf } from './operations.js'
import { Scope } from './scope.js'
import { strftime } from './strftime.js'
import { writeValue } from './write-values.js'

/** Jinja's sandbox allows no longer range. */
const MAX_RANGE = 100_000

const raise = (call: Call): Value => {
  const [message = ''] = take(call, 'raise_exception', { required: ['message'], byName: true })
  throw new TemplateFault(writeValue(message, call.budget))
}

const range = (call: Call): Value => {
  const [first, second, third] = take(call, 'range', { required: ['start'], optional: ['stop', 'step'] }).map(value =>
    value === undefined ? undefined : BigInt(integerOf(value, 'range'))
  )
  const made = second === undefined ? new Range(0n, first ?? 0n, 1n) : new Range(first ?? 0n, second, third ?? 1n)
  if (made.step === 0n) throw new TemplateFault('range() arg 3 must not be zero')
  if (made.length > MAX_RANGE)
    throw new TemplateFault(`Range too big. The sandbox blocks ranges larger than MAX_RANGE (${MAX_RANGE}).`)
  call.budget.step(made.length)
  return made
}

/** `dict(…)`: of another, of pairs, and of names. */
const dict = ({ args, named, budget }: Call): Dict => {
  if (args.length > 1) throw new TemplateFault(`dict expected at most 1 argument, got ${args.length}`)
  const [source] = args
  const made = new Dict(source instanceof Dict ? source.entries() : [])
  if (source instanceof Undefined) throw new TemplateFault(source.what)
  if (source !== undefined && !(source instanceof Dict)) {
    for (const pair of itemsOf(source, budget)) {
      const items = itemsOf(pair, budget)
      if (items.length !== 2) throw new TemplateFault('dict wants pairs')
      made.set(items[0], items[1])
    }
  }
  for (const [name, value] of named) made.set(name, value)
  return made
}

const namespace = (call: Call): Value => {
  const made = new Namespace()
  for (const [name, value] of dict(call).entries()) made.attributes.set(textOf(name, 'namespace'), value)
  return made
}

/** @param now what `strftime_now` tells */
const functionsAt = (now: Date): Readonly<Record<string, (call: Call) => Value>> => ({
  raise_exception: raise,
  range,
  dict,
  namespace,
  strftime_now: call => {
    const [format = ''] = take(call, 'strftime_now', { required: ['format'], byName: true })
    return call.budget.made(strftime(textOf(format, 'strftime_now'), now))
  }
})

/** Names of Jinja that are not supported here. */
const UNREAD = ['cycler', 'joiner', 'lipsum', 'self']

/** What every template can call. */
export function globalScope(now: Date): Scope {
  const functions = Object.entries(functionsAt(now)).map(([name, call]) => [name, new Callable(name, call)] as const)
  return new Scope(undefined, functions)
}

/** @throws TemplateFault for a name that Jinja would find and this does not */
export function refuseUnread(name: string, value: Value): Value {
  if (value instanceof Undefined && UNREAD.includes(name)) throw new TemplateFault(`'${name}' is not supported here`)
  return value
}
