/** A quantifier: its source in JavaScript, and whether it is an interval such as {2,3}. */
export interface Quantifier {
  readonly source: string
  readonly interval: boolean
}

const CONTROLS: Readonly<Record<string, string>> = { n: '\n', t: '\t', r: '\r', f: '\f', v: '\v', a: '\x07', e: '\x1b' }

/** Reads an expression of Oniguruma from left to right. */
export class ExpressionReader {
  at = 0

  constructor(readonly text: string) {}

  get done(): boolean {
    return this.at >= this.text.length
  }

  sees(text: string): boolean {
    return this.text.startsWith(text, this.at)
  }

  /** Skips a text, where it comes next. */
  take(text: string): boolean {
    if (!this.sees(text)) return false
    this.at += text.length
    return true
  }

  peek(): string {
    return String.fromCodePoint(this.text.codePointAt(this.at) ?? 0)
  }

  next(): string {
    const character = this.peek()
    this.at += character.length
    return character
  }

  /** Skips `*`, `+`, `?`, `{2}`, `{2,}`, `{2,3}` or `{,3}`; any other brace is a character. */
  quantifier(): Quantifier | undefined {
    const [sign] = this.#match(/[*+?]/y) ?? []
    if (sign !== undefined) return { source: sign, interval: false }
    const interval = this.#match(/\{(\d{0,5})(,?)(\d{0,5})\}/y)
    if (!interval) return undefined
    const [whole, least, comma, most] = interval
    if (least === '' && most === '') {
      this.at -= whole.length
      return undefined
    }
    return { source: comma ? `{${least || 0},${most}}` : `{${least}${most}}`, interval: true }
  }

  /** Skips an escape that means one character; undefined, without a step, for any other escape. */
  escapedCharacter(): string | undefined {
    const hex =
      this.#match(/\\x\{([0-9A-Fa-f]{1,6})\}/y) ??
      this.#match(/\\x([0-7][0-9A-Fa-f])/y) ??
      this.#match(/\\u([0-9A-Fa-f]{4})/y)
    if (hex) {
      const code = parseInt(hex[1], 16)
      if (code < 0xd800 || (code > 0xdfff && code < 0x110000)) return String.fromCodePoint(code)
      this.at -= hex[0].length
      return undefined
    }
    const [, control] = this.#match(/\\([ntrfvae])/y) ?? []
    if (control !== undefined) return CONTROLS[control]
    const [, literal] = this.#match(/\\([^A-Za-z0-9])/uy) ?? []
    return literal
  }

  /** Skips `\p{L}`, `\p{^L}` or `\P{L}`. */
  property(): { readonly name: string; readonly negated: boolean } | undefined {
    const match = this.#match(/\\([pP])\{(\^?)(\w+)\}/y)
    return match ? { name: match[3], negated: (match[1] === 'P') !== (match[2] === '^') } : undefined
  }

  #match(expression: RegExp): RegExpExecArray | null {
    expression.lastIndex = this.at
    const match = expression.exec(this.text)
    if (match) this.at = expression.lastIndex
    return match
  }
}
