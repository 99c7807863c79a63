import { TemplateFault } from './template-fault.js'
import type { Budget } from './budget.js'

/**
 * A value as Python has it: `int` is a bigint, `float` a number, `list` an array; the rest says itself. So 1 and 1.0
 * stay two things.
 */
export type Value =
  | string
  | bigint
  | number
  | boolean
  | null
  | Undefined
  | readonly Value[]
  | Tuple
  | Dict
  | DictView
  | Range
  | Lazy
  | Markup
  | Namespace
  | Callable
  | Loop

/** What a name without a value is: empty when written, false, without items; any other use fails. */
export class Undefined {
  /** @param what said when it is used */
  constructor(readonly what: string) {}
}

export class Tuple {
  constructor(readonly items: readonly Value[]) {}
}

/** `dict.items()`, `keys()` or `values()`: has a length, cannot be indexed. */
export class DictView {
  constructor(
    readonly kind: 'items' | 'keys' | 'values',
    readonly dict: Dict
  ) {}

  items(): readonly Value[] {
    if (this.kind === 'items') return this.dict.entries().map(([key, value]) => new Tuple([key, value]))
    return this.dict.entries().map(([key, value]) => (this.kind === 'keys' ? key : value))
  }
}

/** Python's `range`. */
export class Range {
  constructor(
    readonly start: bigint,
    readonly stop: bigint,
    readonly step: bigint
  ) {}

  get length(): number {
    const span = this.step > 0n ? this.stop - this.start : this.start - this.stop
    const size = this.step > 0n ? this.step : -this.step
    return span <= 0n ? 0 : Number((span + size - 1n) / size)
  }

  items(): readonly Value[] {
    return Array.from({ length: this.length }, (_, i) => this.start + BigInt(i) * this.step)
  }
}

/** A generator: true whatever it holds, without a length, and its items can be taken once. */
export class Lazy {
  constructor(readonly iterator: Iterator<Value>) {}
}

/**
 * A text that `safe` or `escape` gave: written as it is, but `+` escapes what is put next to it, as markupsafe does.
 */
export class Markup {
  constructor(readonly text: string) {}
}

/** `namespace()`: its attributes can be set. */
export class Namespace {
  readonly attributes = new Map<string, Value>()
}

/** Arguments of a call. */
export interface Call {
  readonly budget: Budget
  readonly args: readonly Value[]
  readonly named: ReadonlyMap<string, Value>
}

/** A function, a method or a macro. */
export class Callable {
  constructor(
    readonly name: string,
    readonly call: (call: Call) => Value
  ) {}
}

/**
 * `loop` of a for loop. It takes items when they are needed, as Jinja's does: a test of the loop may look at what its
 * body did.
 */
export class Loop {
  index0 = -1
  current: Value | undefined
  previous: Value | undefined
  lastChanged: readonly Value[] | undefined
  #ahead: Value[] = []
  readonly #known: number | undefined

  /** @param length of the items, undefined where it is not known before they are taken */
  constructor(
    readonly iterator: Iterator<Value>,
    length: number | undefined
  ) {
    this.#known = length
  }

  /** Goes on to the next item; false at the end. */
  advance(): boolean {
    const next = this.peek()
    if (next === undefined) return false
    this.#ahead.shift()
    this.previous = this.current
    this.current = next
    this.index0++
    return true
  }

  /** The item after the current one. */
  peek(): Value | undefined {
    if (!this.#ahead.length) this.#take()
    return this.#ahead[0]
  }

  get length(): number {
    if (this.#known !== undefined) return this.#known
    while (this.#take());
    return this.index0 + 1 + this.#ahead.length
  }

  #take(): boolean {
    const next = this.iterator.next()
    if (!next.done) this.#ahead.push(next.value)
    return !next.done
  }
}

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

/** Characters of a string as Python counts them, whole code points. */
export const lengthOfText = (text: string): number =>
  /[\ud800-\udfff]/.test(text) ? Array.from(text).length : text.length
