import {
  DictView,
  Lazy,
  Loop,
  Markup,
  Namespace,
  Range,
  TemplateFault,
  Tuple,
  Undefined,
  type Value
} from './values.js'

/** Python's `dict`: keys are equal as Python's are (1, 1.0 and True are one), and keep their order. */
export class Dict {
  readonly #entries = new Map<string, readonly [Value, Value]>()

  constructor(entries: Iterable<readonly [Value, Value]> = []) {
    for (const [key, value] of entries) this.set(key, value)
  }

  get size(): number {
    return this.#entries.size
  }

  get(key: Value): Value | undefined {
    return this.#entries.get(hashOf(key))?.[1]
  }

  has(key: Value): boolean {
    return this.#entries.has(hashOf(key))
  }

  /** Only while it is made: templates cannot change one. */
  set(key: Value, value: Value): void {
    const hash = hashOf(key)
    this.#entries.set(hash, [this.#entries.get(hash)?.[0] ?? key, value])
  }

  entries(): (readonly [Value, Value])[] {
    return [...this.#entries.values()]
  }
}

let identities = 0
const identityOf = new WeakMap<object, number>()

/** Equal for keys that Python calls equal. @throws TemplateFault for what cannot be a key */
export function hashOf(key: Value): string {
  if (typeof key === 'string') return `s${key}`
  if (typeof key === 'bigint' || typeof key === 'boolean') return `n${BigInt(key)}`
  if (typeof key === 'number') return Number.isInteger(key) ? `n${BigInt(key)}` : `f${key}`
  if (key === null) return 'none'
  if (key instanceof Tuple) return `t${JSON.stringify(key.items.map(hashOf))}`
  if (key instanceof Undefined) return 'undefined'
  if (Array.isArray(key) || key instanceof Dict || key instanceof DictView)
    throw new TemplateFault(`unhashable type: '${typeName(key)}'`)
  if (key instanceof Markup) throw new TemplateFault('a safe text is not a key here')
  let identity = identityOf.get(key)
  if (identity === undefined) identityOf.set(key, (identity = identities++))
  return `o${identity}`
}

/** The name of a value's type in Python. */
export function typeName(value: Value): string {
  if (value === null) return 'NoneType'
  if (typeof value === 'string') return 'str'
  if (typeof value === 'bigint') return 'int'
  if (typeof value === 'number') return 'float'
  if (typeof value === 'boolean') return 'bool'
  if (value instanceof Dict) return 'dict'
  if (value instanceof Tuple) return 'tuple'
  if (value instanceof Undefined) return 'Undefined'
  if (value instanceof Namespace) return 'Namespace'
  if (value instanceof DictView) return `dict_${value.kind}`
  if (value instanceof Range) return 'range'
  if (value instanceof Lazy) return 'generator'
  if (value instanceof Markup) return 'Markup'
  if (value instanceof Loop) return 'LoopContext'
  return Array.isArray(value) ? 'list' : 'function'
}
