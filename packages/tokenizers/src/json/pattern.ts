import { z } from 'zod'
import { translate } from './expression.js'
import { isLinear } from './linear-expressions.js'
import { partFinder, type PartVisitor } from './split.js'
import { hasNewerCharacters } from './unicode.js'

/** `{"String": …}` or `{"Regex": …}`, as normalizers, pre-tokenizers and decoders have it. */
export const patternSchema = z.union([z.strictObject({ String: z.string() }), z.strictObject({ Regex: z.string() })])

/** What finds a pattern in a text. */
export type PartFinder = (text: string, visit: PartVisitor) => void

/** Makes finders, and knows afterwards whether all that a file asks for takes time in proportion to the text. */
export class PatternSource {
  /** Whether something may take any time: then all of it runs under a limit. */
  unbounded = false

  /** @param file for messages */
  constructor(readonly file: string) {}

  /**
   * The finder of a pattern.
   *
   * @throws SkipwiseError `TOKENIZER_UNSUPPORTED` where its expression may mean something else here
   */
  finder(pattern: z.infer<typeof patternSchema>, where: string): PartFinder {
    if ('String' in pattern) return this.ofClass(() => literal(pattern.String))
    if (!isLinear(pattern.Regex)) this.unbounded = true
    return this.ofClass(exact => translate(pattern.Regex, exact, `${this.file}: ${where}`))
  }

  /** The finder of a source for the flag v; of the exact one, which is slow to build, only for texts that need it. */
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

/** A text as an expression that finds it. */
const literal = (text: string): string => {
  let source = ''
  for (const character of text) source += `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`
  return source || '(?:)'
}
