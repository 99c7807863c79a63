import { integerOf, take } from './arguments.js'
import { attributeReader, counted } from './attributes.js'
import type { Budget } from './budget.js'
import { TemplateFault } from './template-fault.js'
import { Dict, hashOf, typeName, DictView, Lazy, Tuple, Undefined, type Call, type Value } from './values.js'
import { compare, isTrue, itemsOf, iterate, operate } from './operations.js'
import { writeValue } from './write-values.js'

export type Filter = (value: Value, call: Call) => Value

/** What sorting and comparing look at: an attribute, strings without their case. */
function keyReader(attribute: Value | undefined, caseSensitive: Value | undefined): (item: Value) => Value {
  const read = attributeReader(attribute ?? null)
  const sensitive = caseSensitive !== undefined && isTrue(caseSensitive)
  return item => {
    const key = read(item)
    return typeof key === 'string' && !sensitive ? key.toLowerCase() : key
  }
}

/** A stable order. */
function sortedBy(items: readonly Value[], read: (item: Value) => Value, reverse: boolean, budget: Budget): Value[] {
  const keyed = items.map(item => ({ item, key: read(item) }))
  const sign = reverse ? -1 : 1
  return keyed.sort((a, b) => sign * compare(a.key, b.key, budget)).map(({ item }) => item)
}

const sort: Filter = (value, call) => {
  const [reverse = false, caseSensitive, attribute] = take(call, 'sort', {
    optional: ['reverse', 'case_sensitive', 'attribute'],
    byName: true
  })
  const attributes = typeof attribute === 'string' ? attribute.split(',') : [attribute]
  const readers = attributes.map(each => keyReader(each, caseSensitive))
  return sortedBy(
    counted(value, call.budget),
    item => new Tuple(readers.map(read => read(item))),
    isTrue(reverse),
    call.budget
  )
}

const dictsort: Filter = (value, call) => {
  const [caseSensitive, by = 'key', reverse = false] = take(call, 'dictsort', {
    optional: ['case_sensitive', 'by', 'reverse'],
    byName: true
  })
  if (!(value instanceof Dict)) throw new TemplateFault(`'${typeName(value)}' object has no attribute 'items'`)
  if (by !== 'key' && by !== 'value') throw new TemplateFault('You can only sort by either "key" or "value"')
  const read = keyReader(by === 'key' ? 0n : 1n, caseSensitive)
  return sortedBy(new DictView('items', value).items(), read, isTrue(reverse), call.budget)
}

const extreme =
  (name: string, sign: number): Filter =>
  (value, call) => {
    const [caseSensitive, attribute] = take(call, name, { optional: ['case_sensitive', 'attribute'], byName: true })
    const read = keyReader(attribute, caseSensitive)
    let best: { readonly item: Value; readonly key: Value } | undefined
    for (const item of counted(value, call.budget)) {
      const key = read(item)
      if (!best || sign * compare(key, best.key, call.budget) > 0) best = { item, key }
    }
    return best ? best.item : new Undefined('No aggregated item, sequence was empty.')
  }

const unique: Filter = (value, call) => {
  const [caseSensitive, attribute] = take(call, 'unique', { optional: ['case_sensitive', 'attribute'], byName: true })
  const read = keyReader(attribute, caseSensitive)
  return lazily(value, call.budget, function* (items) {
    const seen = new Set<string>()
    for (const item of items) {
      const hash = hashOf(read(item))
      if (!seen.has(hash)) yield item
      seen.add(hash)
    }
  })
}

/** A generator over the items of a value. */
export const lazily = (value: Value, budget: Budget, make: (items: Iterable<Value>) => Iterator<Value>): Lazy =>
  new Lazy(make(iterate(value, budget)))

const join: Filter = (value, call) => {
  const [separator = '', attribute] = take(call, 'join', { optional: ['d', 'attribute'], byName: true })
  const read = attributeReader(attribute ?? null)
  const between = writeValue(separator, call.budget)
  const parts = counted(value, call.budget).map(item => writeValue(read(item), call.budget))
  call.budget.make(parts.reduce((sum, part) => sum + part.length + between.length, 0))
  return parts.join(between)
}

const first: Filter = (value, call) => {
  take(call, 'first')
  for (const item of iterate(value, call.budget)) return item
  return new Undefined('No first item, sequence was empty.')
}

const last: Filter = (value, call) => {
  take(call, 'last')
  if (value instanceof Lazy) throw new TemplateFault("'generator' object is not reversible")
  const item = itemsOf(value, call.budget).at(-1)
  return item === undefined ? new Undefined('No last item, sequence was empty.') : item
}

const reverse: Filter = (value, call) => {
  take(call, 'reverse')
  if (typeof value === 'string') return call.budget.made(Array.from(value).reverse().join(''))
  const items = counted(value, call.budget).reverse()
  // a generator is copied into a list; what can be reversed becomes an iterator
  return value instanceof Lazy ? items : new Lazy(items.values())
}

const sum: Filter = (value, call) => {
  const [attribute, start = 0n] = take(call, 'sum', { optional: ['attribute', 'start'], byName: true })
  const read = attributeReader(attribute ?? null)
  if (typeof start === 'string') throw new TemplateFault("sum() can't sum strings")
  return counted(value, call.budget).reduce<Value>((total, item) => operate('+', total, read(item), call.budget), start)
}

const batch: Filter = (value, call) => {
  const [size, fill] = take(call, 'batch', { required: ['linecount'], optional: ['fill_with'], byName: true })
  const count = integerOf(size, 'batch')
  return lazily(value, call.budget, function* (items) {
    let row: Value[] = []
    for (const item of items) {
      if (row.length === count) {
        yield row
        row = []
      }
      row.push(item)
    }
    if (!row.length) return
    if (fill === undefined || fill === null || row.length >= count) yield row
    else {
      call.budget.step(count)
      yield [...row, ...Array.from({ length: count - row.length }, () => fill)]
    }
  })
}

const slice: Filter = (value, call) => {
  const [slices, fill] = take(call, 'slice', { required: ['slices'], optional: ['fill_with'], byName: true })
  const count = integerOf(slices, 'slice')
  if (count === 0) throw new TemplateFault('division by zero')
  const items = counted(value, call.budget)
  const each = Math.floor(items.length / count)
  const withExtra = items.length % count
  call.budget.step(Math.max(0, count))
  return new Lazy(
    Array.from({ length: Math.max(0, count) }, (_, i): Value => {
      const start = i * each + Math.min(i, withExtra)
      const part = items.slice(start, start + each + (i < withExtra ? 1 : 0))
      return fill !== undefined && fill !== null && i >= withExtra ? [...part, fill] : part
    }).values()
  )
}

const list: Filter = (value, call) => {
  take(call, 'list')
  return counted(value, call.budget)
}

const items: Filter = (value, call) => {
  take(call, 'items')
  if (value instanceof Undefined) return new Lazy([].values())
  if (!(value instanceof Dict)) throw new TemplateFault('Can only get item pairs from a mapping.')
  call.budget.step(value.size)
  return new Lazy(new DictView('items', value).items().values())
}

const groupby: Filter = (value, call) => {
  const [attribute = null, otherwise, caseSensitive] = take(call, 'groupby', {
    required: ['attribute'],
    optional: ['default', 'case_sensitive'],
    byName: true
  })
  const read = attributeReader(attribute, otherwise)
  const key = keyReader(undefined, caseSensitive)
  const groups: { readonly key: Value; readonly group: Value[] }[] = []
  for (const item of sortedBy(counted(value, call.budget), each => key(read(each)), false, call.budget)) {
    const own = key(read(item))
    const current = groups.at(-1)
    if (current && compare(current.key, own, call.budget) === 0) current.group.push(item)
    else groups.push({ key: own, group: [item] })
  }
  return groups.map(({ group }) => new Tuple([read(group[0]), group]))
}

/** Filters of what has items. */
export const filtersOfItems: ReadonlyMap<string, Filter> = new Map<string, Filter>([
  ['sort', sort],
  ['dictsort', dictsort],
  ['max', extreme('max', 1)],
  ['min', extreme('min', -1)],
  ['unique', unique],
  ['join', join],
  ['first', first],
  ['last', last],
  ['reverse', reverse],
  ['sum', sum],
  ['batch', batch],
  ['slice', slice],
  ['list', list],
  ['items', items],
  ['groupby', groupby]
])
