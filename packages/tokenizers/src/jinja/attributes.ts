import { take } from './arguments.js'
import type { Budget } from './budget.js'
import { TemplateFault } from './template-fault.js'
import {
  Dict,
  typeName,
  Callable,
  DictView,
  Loop,
  Markup,
  Namespace,
  Range,
  Tuple,
  Undefined,
  type Value
} from './values.js'
import { isEqual, iterate } from './operations.js'
import { stringMethods } from './string-methods.js'
import { isList } from './write-values.js'

/**
 * Public attributes of Python's types that are not supported here. In Python a template would get a value, so a
 * template that uses one is refused.
 */
const UNREAD: Readonly<Record<string, string>> = {
  str: 'casefold encode expandtabs format_map isalnum isdigit isidentifier isnumeric isprintable maketrans translate',
  int: 'as_integer_ratio bit_count bit_length conjugate denominator from_bytes imag numerator real to_bytes',
  float: 'as_integer_ratio conjugate fromhex hex imag is_integer real',
  dict: 'fromkeys',
  dict_items: 'isdisjoint mapping',
  dict_keys: 'isdisjoint mapping',
  dict_values: 'mapping',
  range: 'count index start step stop',
  function: 'name arguments defaults catch_kwargs catch_varargs caller explicit_caller',
  generator: 'close send throw gi_code gi_frame gi_running gi_suspended gi_yieldfrom'
}
const unread = new Map(
  Object.entries({ ...UNREAD, bool: UNREAD['int'] }).map(([type, names]) => [type, new Set(names.split(' '))])
)

/** What would change a list or a dict: the sandbox gives none of it. */
const CHANGING: ReadonlyMap<string, ReadonlySet<string>> = new Map([
  ['list', new Set(['append', 'clear', 'extend', 'insert', 'pop', 'remove', 'reverse', 'sort'])],
  ['dict', new Set(['clear', 'pop', 'popitem', 'setdefault', 'update'])]
])

/** `value.name`: an attribute before an item, as Jinja has it. @throws TemplateFault of an undefined value */
export function attributeOf(value: Value, name: string): Value {
  if (value instanceof Undefined) throw new TemplateFault(value.what)
  return firstThere(
    own(value, name),
    () => itemNamed(value, name),
    () => missing(value, name)
  )
}

/** `value[key]`: an item before an attribute. @throws TemplateFault of an undefined value */
export function itemOf(value: Value, key: Value): Value {
  if (value instanceof Undefined) throw new TemplateFault(value.what)
  if (typeof key !== 'string')
    return firstThere(
      itemAt(value, key),
      () => undefined,
      () => missing(value, typeName(key))
    )
  return firstThere(
    itemNamed(value, key),
    () => own(value, key),
    () => missing(value, key)
  )
}

/** `??` would take None for nothing. */
function firstThere(value: Value | undefined, other: () => Value | undefined, last: () => Value): Value {
  if (value !== undefined) return value
  const second = other()
  return second === undefined ? last() : second
}

const missing = (value: Value, name: string) => new Undefined(`'${typeName(value)}' has no '${name}'`)

const itemNamed = (value: Value, name: string): Value | undefined =>
  value instanceof Dict ? value.get(name) : undefined

function itemAt(value: Value, key: Value): Value | undefined {
  // a key that cannot be one is a TypeError, which Jinja takes for a missing item
  if (value instanceof Dict) return isList(key) || key instanceof Dict ? undefined : value.get(key)
  const index = typeof key === 'boolean' ? Number(key) : typeof key === 'bigint' ? Number(key) : undefined
  if (index === undefined) return undefined
  if (typeof value === 'string') {
    const characters = /[\ud800-\udfff]/.test(value) ? Array.from(value) : value
    return characters[index < 0 ? index + characters.length : index]
  }
  if (isList(value)) return value.at(index)
  if (value instanceof Tuple) return value.items.at(index)
  if (value instanceof Markup) throw new TemplateFault('a safe text is not indexed here')
  return value instanceof Range ? value.items().at(index) : undefined
}

/** An attribute that Python's object has: undefined where it has none, or none that a template may see. */
function own(value: Value, name: string): Value | undefined {
  if (name.startsWith('_')) return undefined
  if (value instanceof Namespace) return value.attributes.get(name)
  if (value instanceof Loop) return loopAttribute(value, name)
  if (value instanceof Markup) throw new TemplateFault(`the attribute '${name}' of a safe text is not supported here`)
  const type = typeName(value)
  if (unread.get(type)?.has(name)) throw new TemplateFault(`the attribute '${name}' of ${type} is not supported here`)
  if (CHANGING.get(type)?.has(name)) return new Undefined(`a template may not change a ${type} by '${name}'`)
  if (typeof value === 'string') {
    const method = stringMethods.get(name)
    return method && new Callable(name, call => method(value, call))
  }
  if (isList(value)) return name === 'copy' ? new Callable(name, () => value) : sequenceMethod(value, name)
  if (value instanceof Tuple) return sequenceMethod(value.items, name)
  return value instanceof Dict ? dictMethod(value, name) : undefined
}

function sequenceMethod(items: readonly Value[], name: string): Value | undefined {
  if (name === 'index') {
    return new Callable(name, call => {
      const [wanted = null] = take(call, name, { required: ['value'] })
      const at = items.findIndex(item => isEqual(item, wanted, call.budget))
      if (at < 0) throw new TemplateFault('the value is not in the list')
      return BigInt(at)
    })
  }
  if (name !== 'count') return undefined
  return new Callable(name, call => {
    const [wanted = null] = take(call, name, { required: ['value'] })
    return BigInt(items.filter(item => isEqual(item, wanted, call.budget)).length)
  })
}

function dictMethod(dict: Dict, name: string): Value | undefined {
  if (name === 'items' || name === 'keys' || name === 'values') {
    return new Callable(name, call => {
      take(call, name)
      call.budget.step(dict.size)
      return new DictView(name, dict)
    })
  }
  if (name === 'copy') return new Callable(name, () => dict)
  if (name !== 'get') return undefined
  return new Callable(name, call => {
    const [key = null, otherwise = null] = take(call, name, { required: ['key'], optional: ['default'] })
    const value = dict.get(key)
    return value === undefined ? otherwise : value
  })
}

function loopAttribute(loop: Loop, name: string): Value | undefined {
  const { index0 } = loop
  switch (name) {
    case 'index':
      return BigInt(index0 + 1)
    case 'index0':
      return BigInt(index0)
    case 'revindex':
      return BigInt(loop.length - index0)
    case 'revindex0':
      return BigInt(loop.length - index0 - 1)
    case 'first':
      return index0 === 0
    case 'last':
      return loop.peek() === undefined
    case 'length':
      return BigInt(loop.length)
    // of loops that are not recursive
    case 'depth':
      return 1n
    case 'depth0':
      return 0n
    case 'previtem':
      return loop.previous === undefined ? new Undefined('there is no previous item') : loop.previous
    case 'nextitem': {
      const next = loop.peek()
      return next === undefined ? new Undefined('there is no next item') : next
    }
    case 'cycle':
      return new Callable(name, ({ args }) => {
        if (!args.length) throw new TemplateFault('no items for cycling given')
        return args[index0 % args.length]
      })
    case 'changed':
      return new Callable(name, ({ args, budget }) => {
        const before = loop.lastChanged
        loop.lastChanged = args
        return (
          before === undefined ||
          before.length !== args.length ||
          !before.every((value, i) => isEqual(value, args[i], budget))
        )
      })
    default:
      return undefined
  }
}

/**
 * What reads `attribute` of items, as filters have it: names and indices with dots between.
 *
 * @param otherwise what an undefined value on the way becomes, unless that is None or nothing
 */
export function attributeReader(attribute: Value, otherwise?: Value): (item: Value) => Value {
  if (attribute === null) return item => item
  if (typeof attribute !== 'bigint' && typeof attribute !== 'string')
    throw new TemplateFault(`an attribute is a name, not a ${typeName(attribute)}`)
  const keys =
    typeof attribute === 'bigint'
      ? [attribute]
      : attribute.split('.').map(part => (/^\d+$/.test(part) ? BigInt(part) : part))
  const read = (item: Value, key: Value): Value => {
    const value = itemOf(item, key)
    return value instanceof Undefined && otherwise !== undefined && otherwise !== null ? otherwise : value
  }
  return item => keys.reduce<Value>(read, item)
}

/** The filter `attr`: an attribute, never an item. */
export function onlyAttributeOf(value: Value, name: string): Value {
  if (value instanceof Undefined) throw new TemplateFault(value.what)
  const attribute = own(value, name)
  return attribute === undefined ? missing(value, name) : attribute
}

/** All items, counted. */
export function counted(value: Value, budget: Budget): Value[] {
  const items = [...iterate(value, budget)]
  budget.step(items.length)
  return items
}
