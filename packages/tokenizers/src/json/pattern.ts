import { z } from 'zod'
import { translate } from './expression.js'
import { isLinear } from './linear-expressions.js'
import { partFinder, type PartVisitor } from './split.js'
import { hasNewerCharacters } from './unicode.js'

/** `{"String": …}` or `{"Regex": …}`, in normalizers, pre-tokenizers and decoders. */
export const patternSchema = z.union([z.strictObject({ String: z.string() }), z.strictObject({ Regex: z.string() })])

/** Finds a pattern in a text. */
export type PartFinder = (text: string, visit: PartVisitor) => void

/** Creates finders, and records whether all expressions of a file take linear time. */
export class PatternSource {
  /** Whether an expression may take any time: then all of them run with a time limit. */
  unbounded = false

  /** @param file for messages */
  constructor(readonly file: string) {}

  /**
   * The finder of a pattern.
   *
   * @throws SkipwiseError `TOKENIZER_UNSUPPORTED` where its expression may have another meaning in JavaScript
   */
  finder(pattern: z.infer<typeof patternSchema>, where: string): PartFinder {
    if ('String' in pattern) return this.ofClass(() => literal(pattern.String))
    if (!isLinear(pattern.Regex)) this.unbounded = true
    return this.ofClass(exact => translate(pattern.Regex, exact, `${this.file}: ${where}`))
  }

  /**
   * The finder of a source with the flag v. The exact one, which is slow to build, is used only for texts that need it.
   */
  ofClass(source: (exact: boolean) => string): PartFinder {
    const plain = partFinder(source(false))
    let exact: PartFinder | undefined
    return (text, visit) => {
      if (!hasNewerCharacters(text)) return plain(text, visit)
      exact ??= partFinder(source(true))
      return exact(text, visit)
    }
  }
}

/** An expression that matches a text. */
const literal = (text: string): string => {
  let source = ''
  for (const character of text) source += `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`
  return source || '(?:)'
}
