import { limits, type Budget } from './budget.js'
import { applyFilter } from './calls.js'
import { TemplateFault } from './template-fault.js'
import { typeName, Lazy, Loop, Markup, Namespace, type Value } from './values.js'
import { callOf, callValue, evaluate } from './evaluate.js'
import { macroOf } from './macros.js'
import type { Body, Expression, FilterCall, Statement, Target } from './nodes.js'
import { isTrue, itemsOf, iterate } from './operations.js'
import { Scope } from './scope.js'
import { writeValue } from './write-values.js'

/** How a body ends: `break` and `continue` leave what encloses them, and what was written stays. */
type End = 'end' | 'break' | 'continue'

/**
 * Text of a rendering, and what of it stands between `{% generation %}` and `{% endgeneration %}`, [start, end) each.
 */
export interface Rendered {
  readonly text: string
  readonly generated: readonly (readonly [number, number])[]
}

/** Writes a body of statements. @throws TemplateFault */
export function renderBody(body: Body, scope: Scope, budget: Budget): Rendered {
  const writer = new Writer(budget, true)
  writer.body(body, scope)
  return { text: writer.text(), generated: writer.generated }
}

class Writer {
  readonly generated: (readonly [number, number])[] = []
  readonly #parts: string[] = []
  #length = 0

  /**
   * @param outermost whether what it writes is the text of the template: elsewhere places of generated text are not
   * known
   */
  constructor(
    readonly budget: Budget,
    readonly outermost: boolean
  ) {}

  text(): string {
    return this.#parts.join('')
  }

  write(text: string): void {
    this.budget.make(text.length)
    this.#length += text.length
    if (this.#length > limits.written) throw new TemplateFault(`it writes more than ${limits.written} characters`)
    this.#parts.push(text)
  }

  body(statements: Body, scope: Scope): End {
    for (const statement of statements) {
      const end = this.statement(statement, scope)
      if (end !== 'end') return end
    }
    return 'end'
  }

  /** What a body writes, apart. */
  apart = (statements: Body, scope: Scope): string => this.block(statements, scope).text

  block(statements: Body, scope: Scope): { readonly text: string; readonly end: End } {
    const writer = new Writer(this.budget, false)
    const end = writer.body(statements, scope)
    return { text: writer.text(), end }
  }

  statement(node: Statement, scope: Scope): End {
    this.budget.step()
    switch (node.kind) {
      case 'text':
        this.write(node.text)
        return 'end'
      case 'write':
        this.write(writeValue(this.value(node.of, scope), this.budget))
        return 'end'
      case 'if': {
        const branch = node.branches.find(({ test }) => isTrue(this.value(test, scope)))
        return this.body(branch ? branch.body : node.otherwise, scope)
      }
      case 'for':
        return this.loop(node, scope)
      case 'set':
        assign(node.target, this.value(node.value, scope), scope, this.budget)
        return 'end'
      case 'set-block':
        return this.filtered(node, scope, value => assign(node.target, value, scope, this.budget))
      case 'filter-block':
        return this.filtered(node, scope, value => this.write(written(value)))
      case 'with': {
        const inner = new Scope(scope)
        for (const [target, value] of node.assignments) assign(target, this.value(value, scope), inner, this.budget)
        return this.body(node.body, inner)
      }
      case 'macro':
        scope.set(node.name, macroOf({ ...node, scope, write: this.apart }))
        return 'end'
      case 'call-block': {
        const { args, named } = callOf(node.call.given, scope, this.budget)
        const caller = macroOf({ ...node, name: 'caller', scope, write: this.apart })
        const result = callValue(this.value(node.call.of, scope), {
          budget: this.budget,
          args,
          named: new Map([...named, ['caller', caller]])
        })
        this.write(written(result))
        return 'end'
      }
      case 'generation':
        this.generation(node.body, scope)
        return 'end'
      case 'break':
      case 'continue':
        return node.kind
    }
  }

  value(node: Expression, scope: Scope): Value {
    return evaluate(node, scope, this.budget)
  }

  /** Hands on what a block writes, through its filters; of one that is left by `break` or `continue` nothing. */
  filtered(
    { body, filters }: { readonly body: Body; readonly filters: readonly FilterCall[] },
    scope: Scope,
    use: (value: Value) => void
  ): End {
    const { text, end } = this.block(body, new Scope(scope))
    if (end === 'end')
      use(
        filters.reduce<Value>(
          (value, { name, given }) => applyFilter(name, value, callOf(given, scope, this.budget)),
          text
        )
      )
    return end
  }

  generation(body: Body, scope: Scope): void {
    const start = this.#length
    this.write(this.apart(body, new Scope(scope)))
    if (!this.outermost)
      throw new TemplateFault(
        '{% generation %} within a macro, or within another block that is written apart, has no known place'
      )
    if (this.#length > start) this.generated.push([start, this.#length])
  }

  loop({ target, of, test, body, otherwise }: Statement & { readonly kind: 'for' }, scope: Scope): End {
    const iterable = this.value(of, scope)
    const loop = new Loop(
      this.chosen(iterable, target, test, scope),
      test || iterable instanceof Lazy ? undefined : itemsOf(iterable, this.budget).length
    )
    // as Jinja has it: a turn that ends by continue is none
    let turned = false
    while (loop.advance() && loop.current !== undefined) {
      const inner = new Scope(scope)
      assign(target, loop.current, inner, this.budget)
      inner.set('loop', loop)
      const end = this.body(body, inner)
      if (end === 'break') break
      turned ||= end === 'end'
    }
    return turned ? 'end' : this.body(otherwise, new Scope(scope))
  }

  *chosen(iterable: Value, target: Target, test: Expression | undefined, scope: Scope): Generator<Value> {
    for (const item of iterate(iterable, this.budget)) {
      this.budget.step()
      if (test) {
        const inner = new Scope(scope)
        assign(target, item, inner, this.budget)
        if (!isTrue(this.value(test, inner))) continue
      }
      yield item
    }
  }
}

/** Blocks write texts only: Python joins what they give. */
function written(value: Value): string {
  if (value instanceof Markup) return value.text
  if (typeof value !== 'string') throw new TemplateFault(`a block gives str, not ${typeName(value)}`)
  return value
}

function assign(target: Target, value: Value, scope: Scope, budget: Budget): void {
  if (target.kind === 'name') scope.set(target.name, value)
  else if (target.kind === 'member') {
    const namespace = scope.get(target.of)
    if (!(namespace instanceof Namespace)) throw new TemplateFault('cannot assign attribute on non-namespace object')
    namespace.attributes.set(target.name, value)
  } else {
    const items = itemsOf(value, budget)
    if (items.length !== target.items.length)
      throw new TemplateFault(`${items.length} values are unpacked into ${target.items.length} names`)
    target.items.forEach((each, i) => assign(each, items[i], scope, budget))
  }
}
