import { limits } from './budget.js'
import { tokensOf, type Token } from './lexer.js'
import { TemplateFault } from './template-fault.js'

/** The tokens of a template, one after another. */
export class TokenStream {
  readonly #tokens: readonly Token[]
  #at = 0
  #depth = 0
  /** Loops around what is next, within the function that it is a part of: there `break` and `continue` may stand. */
  loops = 0

  constructor(template: string) {
    this.#tokens = tokensOf(template)
  }

  /** The token `ahead` places after the next one; undefined after the end. */
  peek(ahead = 0): Token | undefined {
    return this.#tokens[this.#at + ahead]
  }

  next(): Token {
    const token = this.#tokens[this.#at++]
    if (!token) throw new TemplateFault('the template ends within a block')
    return token
  }

  isOperator(text: string, ahead = 0): boolean {
    const token = this.peek(ahead)
    return token?.type === 'operator' && token.text === text
  }

  isName(text: string, ahead = 0): boolean {
    const token = this.peek(ahead)
    return token?.type === 'name' && token.text === text
  }

  is(type: Token['type']): boolean {
    return this.peek()?.type === type
  }

  skipOperator(text: string): boolean {
    if (!this.isOperator(text)) return false
    this.#at++
    return true
  }

  skipName(text: string): boolean {
    if (!this.isName(text)) return false
    this.#at++
    return true
  }

  expectOperator(text: string): void {
    if (!this.skipOperator(text)) throw this.unexpected(`'${text}'`)
  }

  expectName(text: string): void {
    if (!this.skipName(text)) throw this.unexpected(`'${text}'`)
  }

  /** Any name. */
  takeName(): string {
    const token = this.peek()
    if (token?.type !== 'name') throw this.unexpected('a name')
    this.#at++
    return token.text
  }

  expect(type: Token['type']): void {
    if (!this.is(type)) throw this.unexpected(type)
    this.#at++
  }

  unexpected(wanted: string): TemplateFault {
    return new TemplateFault(`expected ${wanted}, but there is ${describe(this.peek())}`)
  }

  /** Reads something that may hold others of its kind. */
  within<T>(read: () => T): T {
    if (++this.#depth > limits.depth) throw new TemplateFault(`more than ${limits.depth} nested levels`)
    const result = read()
    this.#depth--
    return result
  }
}

function describe(token: Token | undefined): string {
  if (!token) return 'the end'
  if (token.type === 'constant')
    return typeof token.value === 'string' ? JSON.stringify(token.value) : String(token.value)
  return 'text' in token ? `'${token.text}'` : `'${token.type}'`
}
