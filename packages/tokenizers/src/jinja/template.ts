import { Budget } from './budget.js'
import { globalScope } from './globals.js'
import type { Body } from './nodes.js'
import { parse } from './parse.js'
import { renderBody, type Rendered } from './render.js'
import { Scope } from './scope.js'
import { TemplateFault } from './template-fault.js'
import type { Value } from './values.js'

/**
 * A template of Jinja, rendered as transformers renders it: the values, texts and errors of Python's jinja2 in its
 * immutable sandbox, with `trim_blocks`,
 * `lstrip_blocks`, loop controls and `{% generation %}`. What of Jinja is not supported here is refused. Templates are
 * strangers' programs: they see nothing but what they
 * are given, and what they do is counted.
 */
export class Template {
  readonly #body: Body

  /** @throws TemplateFault for one that cannot be read */
  constructor(source: string) {
    this.#body = guarded(() => parse(source))
  }

  /**
   * @param given characters of the variables
   * @param now what `strftime_now` tells
   * @throws TemplateFault
   */
  render(variables: Iterable<readonly [string, Value]>, given: number, now = new Date()): Rendered {
    const scope = new Scope(new Scope(globalScope(now), variables))
    return guarded(() => renderBody(this.#body, scope, new Budget(given)))
  }
}

/** Depth of the machine's stack is a limit too. */
function guarded<T>(run: () => T): T {
  try {
    return run()
  } catch (error) {
    if (error instanceof RangeError) throw new TemplateFault(`it uses too many resources (${error.message})`)
    throw error
  }
}
