import { textOf } from './arguments.js'
import { attributeReader, onlyAttributeOf } from './attributes.js'
import { filtersOfItems, lazily, type Filter } from './filters-of-items.js'
import { filtersOfText, takesMarkup, unreadFilters } from './filters-of-text.js'
import { isTrue } from './operations.js'
import { tests } from './tests.js'
import { TemplateFault } from './template-fault.js'
import { Lazy, Markup, type Call, type Value } from './values.js'

/** Applies a filter by its name. @throws TemplateFault for one that is not known */
export function applyFilter(name: string, value: Value, call: Call): Value {
  const filter = calling.get(name) ?? filtersOfText.get(name) ?? filtersOfItems.get(name)
  if (!filter)
    throw new TemplateFault(
      unreadFilters.has(name) ? `the filter '${name}' is not supported here` : `No filter named '${name}'.`
    )
  if (value instanceof Markup && !takesMarkup.has(name)) {
    throw new TemplateFault(`the filter '${name}' of a safe text is not supported here`)
  }
  call.budget.step()
  return filter(value, call)
}

/** Asks a test by its name. @throws TemplateFault for one that is not known */
export function applyTest(name: string, value: Value, call: Call): boolean {
  const test = tests.get(name)
  if (!test) throw new TemplateFault(`No test named '${name}'.`)
  call.budget.step()
  return test(value, call)
}

const map: Filter = (value, call) => {
  if (!isTrue(value)) return new Lazy([].values())
  const change = changeOf(call)
  return lazily(value, call.budget, function* (items) {
    for (const item of items) yield change(item)
  })
}

function changeOf({ args, named, budget }: Call): (item: Value) => Value {
  if (!args.length && named.has('attribute')) {
    for (const name of named.keys())
      if (name !== 'attribute' && name !== 'default') throw new TemplateFault(`Unexpected keyword argument '${name}'`)
    return attributeReader(named.get('attribute') ?? null, named.get('default'))
  }
  if (!args.length) throw new TemplateFault('map requires a filter argument')
  const [name, ...rest] = args
  return item => applyFilter(textOf(name, 'map'), item, { args: rest, named, budget })
}

/** `select`, `reject` and those of an attribute. */
const choosing =
  (wanted: boolean, byAttribute: boolean): Filter =>
  (value, call) => {
    if (!isTrue(value)) return new Lazy([].values())
    const rest = byAttribute ? call.args.slice(1) : call.args
    if (byAttribute && !call.args.length) throw new TemplateFault('Missing parameter for attribute name')
    const read = byAttribute ? attributeReader(call.args[0]) : (item: Value) => item
    const passes = (item: Value) =>
      rest.length ? applyTest(textOf(rest[0], 'a test'), item, { ...call, args: rest.slice(1) }) : isTrue(item)
    return lazily(value, call.budget, function* (items) {
      for (const item of items) {
        call.budget.step()
        if (passes(read(item)) === wanted) yield item
      }
    })
  }

const attr: Filter = (value, { args }) => {
  if (args.length !== 1) throw new TemplateFault('attr wants a name')
  return onlyAttributeOf(value, textOf(args[0], 'attr'))
}

/** Filters that call others. */
const calling: ReadonlyMap<string, Filter> = new Map<string, Filter>([
  ['map', map],
  ['attr', attr],
  ['select', choosing(true, false)],
  ['reject', choosing(false, false)],
  ['selectattr', choosing(true, true)],
  ['rejectattr', choosing(false, true)]
])
