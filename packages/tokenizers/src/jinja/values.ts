import type { Budget } from './budget.js'
import type { Dict } from './dict.js'

/**
 * A fault that ends a template: an exception of Python or of Jinja, or a feature that is not supported here, which is
 * never guessed.
 */
export class TemplateFault extends Error {}

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
