import { Undefined, type Value } from './values.js'

/** Names and their values: what a loop, a macro or a block sets is its own. */
export class Scope {
  readonly #values: Map<string, Value>

  constructor(
    readonly parent: Scope | undefined,
    values: Iterable<readonly [string, Value]> = []
  ) {
    this.#values = new Map(values)
  }

  set(name: string, value: Value): void {
    this.#values.set(name, value)
  }

  get(name: string): Value {
    const value = this.#values.get(name)
    if (value !== undefined) return value
    return this.parent ? this.parent.get(name) : new Undefined(`'${name}' is undefined`)
  }
}
