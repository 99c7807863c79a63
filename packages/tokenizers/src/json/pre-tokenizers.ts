import { z } from 'zod'
import { bytesAsCharacters } from './bytes-as-characters.js'
import { patternSchema, type PartFinder, type PatternSource } from './pattern.js'
import { unsupported } from './refuse.js'
import { sequenceOr } from './sequence.js'
import { joinParts, SPLIT_BEHAVIORS, type SplitBehavior } from './split.js'
import { ANY_SPACE, NUMERIC, PUNCTUATION, WORD_CHARACTER } from './unicode.js'

/** Receives a piece of text; `atStart`: whether it is at the start of the whole text. */
type TakePiece = (piece: string, atStart: boolean) => void

const named = <Type extends string>(type: Type) => z.looseObject({ type: z.literal(type) })
const behavior = z.enum(SPLIT_BEHAVIORS)
const metaspace = {
  type: z.literal('Metaspace'),
  replacement: z.string().refine(text => Array.from(text).length === 1, 'not one character'),
  prepend_scheme: z.enum(['first', 'never', 'always']).default('always'),
  add_prefix_space: z.boolean().nullish(),
  split: z.boolean().nullish()
}
/** Metaspace, as a pre-tokenizer or a decoder; files from before 2024 have only `add_prefix_space`. */
export const metaspaceSchema = z.looseObject(metaspace)

const stepSchema = z.discriminatedUnion('type', [
  z.looseObject({
    type: z.literal('ByteLevel'),
    add_prefix_space: z.boolean().default(true),
    use_regex: z.boolean().default(true)
  }),
  z.looseObject({ type: z.literal('Split'), pattern: patternSchema, behavior, invert: z.boolean().default(false) }),
  z.looseObject({ type: z.literal('Digits'), individual_digits: z.boolean().default(false) }),
  metaspaceSchema,
  z.looseObject({ type: z.literal('Punctuation'), behavior: behavior.default('Isolated') }),
  z.looseObject({
    type: z.literal('CharDelimiterSplit'),
    delimiter: z.string().refine(text => Array.from(text).length === 1, 'not one character')
  }),
  z.looseObject({ type: z.literal('FixedLength'), length: z.int().positive() }),
  named('Whitespace'),
  named('WhitespaceSplit'),
  named('BertPreTokenizer'),
  named('UnicodeScripts')
])
type Step = z.infer<typeof stepSchema>

/** A pre-tokenizer of tokenizer.json: a step, or several in a sequence. */
export const preTokenizerSchema: z.ZodType<PreTokenizerFile> = sequenceOr(
  z.looseObject({
    type: z.literal('Sequence'),
    get pretokenizers() {
      return z.array(preTokenizerSchema)
    }
  }),
  stepSchema
)
export type PreTokenizerFile = Step | { readonly type: 'Sequence'; readonly pretokenizers: readonly PreTokenizerFile[] }

const stepsOf = (file: PreTokenizerFile | null): readonly Step[] =>
  file === null ? [] : file.type === 'Sequence' ? file.pretokenizers.flatMap(stepsOf) : [file]

/** Largest number of steps that make a text longer, and of all steps. */
const MOST_GROWING = 2
const MOST_STEPS = 32

/** Splits a text into words. */
export interface PreTokenizer {
  /** Whether words still have to be converted to bytes as characters, which is the last step. */
  readonly bytes: boolean
  /** Calls `take` with each word of a text. */
  split(text: string, atStart: boolean, take: TakePiece): void
}

/**
 * The pre-tokenizer of a tokenizer.json.
 *
 * @throws SkipwiseError `TOKENIZER_UNSUPPORTED`
 */
export function makePreTokenizer(file: PreTokenizerFile | null, patterns: PatternSource): PreTokenizer {
  const steps = stepsOf(file)
  // Pieces that repeatedly get a prefix, or become bytes, would double at each step.
  const growing = steps.filter(({ type }) => type === 'ByteLevel' || type === 'Metaspace').length
  if (growing > MOST_GROWING) throw unsupported(patterns.file, `${growing} pre-tokenizers that add to a text`)
  if (steps.length > MOST_STEPS) throw unsupported(patterns.file, `${steps.length} pre-tokenizers`)
  const bytes = steps.at(-1)?.type === 'ByteLevel'
  const makers = steps.map((step, i) => stepOf(step, patterns, bytes && i === steps.length - 1))
  return {
    bytes,
    split(text, atStart, take) {
      const first = makers.reduceRight<TakePiece>((next, make) => make(next), take)
      if (text !== '') first(text, atStart)
    }
  }
}

/** A step receives a piece and passes smaller ones to the next step. */
type StepMaker = (next: TakePiece) => TakePiece

/** The expression of GPT-2 that is part of ByteLevel. */
const BYTE_LEVEL = "'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|\\s+"

function stepOf(step: Step, patterns: PatternSource, last: boolean): StepMaker {
  switch (step.type) {
    case 'ByteLevel': {
      const split = step.use_regex ? splitBy(patterns.finder({ Regex: BYTE_LEVEL }, 'ByteLevel'), 'Isolated') : same
      const { add_prefix_space: prefix } = step
      return next => {
        const inner = split(last ? next : (piece, atStart) => next(bytesAsCharacters(piece), atStart))
        return (piece, atStart) => inner(prefix && !piece.startsWith(' ') ? ` ${piece}` : piece, atStart)
      }
    }
    case 'Split': {
      const find = patterns.finder(step.pattern, 'pre_tokenizer')
      return splitBy(step.invert ? inverted(find) : find, step.behavior)
    }
    case 'Digits':
      return splitBy(
        patterns.ofClass(() => NUMERIC),
        step.individual_digits ? 'Isolated' : 'Contiguous'
      )
    case 'Metaspace':
      return metaspaceStep(step, patterns)
    case 'Punctuation':
      return splitBy(
        patterns.ofClass(() => PUNCTUATION),
        step.behavior
      )
    case 'CharDelimiterSplit':
      return splitBy(patterns.finder({ String: step.delimiter }, 'pre_tokenizer'), 'Removed')
    case 'FixedLength':
      return fixedLength(step.length)
    case 'Whitespace': {
      const words = patterns.ofClass(() => `${WORD_CHARACTER}+|[^${WORD_CHARACTER}${ANY_SPACE}]+`)
      return splitBy(inverted(words), 'Removed')
    }
    case 'WhitespaceSplit':
      return splitBy(
        patterns.ofClass(() => ANY_SPACE),
        'Removed'
      )
    case 'BertPreTokenizer': {
      const spaces = splitBy(
        patterns.ofClass(() => ANY_SPACE),
        'Removed'
      )
      const marks = splitBy(
        patterns.ofClass(() => PUNCTUATION),
        'Isolated'
      )
      return next => spaces(marks(next))
    }
    case 'UnicodeScripts':
      throw unsupported(patterns.file, `the pre-tokenizer ${step.type}`)
  }
}

const same: StepMaker = next => next

const inverted =
  (find: PartFinder): PartFinder =>
  (text, visit) =>
    find(text, (start, end, isMatch) => visit(start, end, !isMatch))

function splitBy(find: PartFinder, behavior: SplitBehavior): StepMaker {
  return next => (piece, atStart) => {
    const emit = (start: number, end: number) => {
      if (start < end) next(piece.slice(start, end), atStart && start === 0)
    }
    if (behavior === 'Isolated') return find(piece, emit)
    const parts = joinParts(behavior, emit)
    find(piece, parts.visit)
    parts.finish()
  }
}

function metaspaceStep(step: Extract<Step, { type: 'Metaspace' }>, patterns: PatternSource): StepMaker {
  const { replacement } = step
  const scheme = prependScheme(step)
  const split =
    step.split === false ? same : splitBy(patterns.finder({ String: replacement }, 'pre_tokenizer'), 'MergedWithNext')
  return next => {
    const inner = split(next)
    return (piece, atStart) => {
      const replaced = piece.replaceAll(' ', () => replacement)
      const prepends = scheme === 'always' || (scheme === 'first' && atStart)
      inner(prepends && !replaced.startsWith(replacement) ? replacement + replaced : replaced, atStart)
    }
  }
}

/** The scheme of a Metaspace; files from before 2024 have `add_prefix_space` instead. */
export const prependScheme = (step: z.infer<typeof metaspaceSchema>) =>
  step.add_prefix_space === false ? 'never' : step.prepend_scheme

function fixedLength(length: number): StepMaker {
  return next => (piece, atStart) => {
    let start = 0
    let characters = 0
    for (let i = 0; i < piece.length;) {
      i += (piece.codePointAt(i) ?? 0) > 0xffff ? 2 : 1
      characters++
      if (characters < length && i < piece.length) continue
      next(piece.slice(start, i), atStart && start === 0)
      start = i
      characters = 0
    }
  }
}
