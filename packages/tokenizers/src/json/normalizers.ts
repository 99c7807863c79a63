import { z } from 'zod'
import { bytesAsCharacters } from './bytes-as-characters.js'
import { checkGrowth } from './limits.js'
import { patternSchema, type PartFinder, type PatternSource } from './pattern.js'
import { unsupported } from './refuse.js'
import { sequenceOr } from './sequence.js'
import { ACCENT, ANY_SPACE, lowercase, normalForm } from './unicode.js'

/** Changes a text; it may grow to `most` characters. */
export type Normalizer = (text: string, most: number) => string

const named = <Type extends string>(type: Type) => z.looseObject({ type: z.literal(type) })
const stepSchema = z.discriminatedUnion('type', [
  named('NFC'),
  named('NFD'),
  named('NFKC'),
  named('NFKD'),
  named('Lowercase'),
  named('StripAccents'),
  named('Nmt'),
  named('ByteLevel'),
  z.looseObject({ type: z.literal('Strip'), strip_left: z.boolean(), strip_right: z.boolean() }),
  z.looseObject({ type: z.literal('Prepend'), prepend: z.string() }),
  z.looseObject({ type: z.literal('Replace'), pattern: patternSchema, content: z.string() }),
  named('Precompiled'),
  named('BertNormalizer')
])
type Step = z.infer<typeof stepSchema>

/** A normalizer of tokenizer.json: a step, or several in a sequence. */
export const normalizerSchema: z.ZodType<NormalizerFile> = sequenceOr(
  z.looseObject({
    type: z.literal('Sequence'),
    get normalizers() {
      return z.array(normalizerSchema)
    }
  }),
  stepSchema
)
export type NormalizerFile = Step | { readonly type: 'Sequence'; readonly normalizers: readonly NormalizerFile[] }

/** The steps of a normalizer, one after another. */
const normalizerSteps = (file: NormalizerFile | null): readonly Step[] =>
  file === null ? [] : file.type === 'Sequence' ? file.normalizers.flatMap(normalizerSteps) : [file]

/**
 * The normalizer of a tokenizer.json.
 *
 * @throws SkipwiseError `TOKENIZER_UNSUPPORTED`
 */
export function makeNormalizer(file: NormalizerFile | null, patterns: PatternSource): Normalizer {
  const files = normalizerSteps(file)
  if (files.length > MOST_STEPS) throw unsupported(patterns.file, `${files.length} normalizers`)
  if (growthOf(files) > MOST_GROWTH) patterns.unbounded = true
  const steps = files.map(step => stepOf(step, patterns))
  return (text, most) => {
    let changed = text
    for (const step of steps) {
      changed = step(changed, most)
      checkGrowth(changed.length, most, patterns.file)
    }
    return changed
  }
}

const MOST_STEPS = 64

/** Growth of a text by all steps beyond which the patterns run with a time limit. */
const MOST_GROWTH = 16

/** Factor by which replacements may make a text longer, in bytes. */
function growthOf(steps: readonly Step[]): number {
  let growth = 1
  for (const step of steps) {
    if (step.type === 'ByteLevel') growth *= 2
    if (step.type === 'Prepend' && step.prepend.length > MOST_GROWTH) return Infinity
    if (step.type !== 'Replace') continue
    const found = 'String' in step.pattern ? Buffer.byteLength(step.pattern.String) : 0
    growth *= Math.max(1, Buffer.byteLength(step.content) / Math.max(1, found))
  }
  return growth
}

const accents = new RegExp(ACCENT, 'gv')
const spaceAtStart = new RegExp(`^${ANY_SPACE}+`, 'v')
const spaceAtEnd = new RegExp(`(?<!${ANY_SPACE})${ANY_SPACE}+$`, 'v')
// do_nmt of the Rust library: characters that are removed, and those that become a space
const nmtRemoved = /[\x01-\x08\x0b\x0e-\x1f\x7f\x8f\x9f]/g
const nmtSpaces = /[\t\n\f\r\u1680\u200b-\u200f\u2028\u2029\u2581\ufeff\ufffd]/g

function stepOf(step: Step, patterns: PatternSource): Normalizer {
  switch (step.type) {
    case 'NFC':
    case 'NFD':
    case 'NFKC':
    case 'NFKD': {
      const { type } = step
      return text => normalForm(text, type)
    }
    case 'Lowercase':
      return lowercase
    case 'StripAccents':
      return text => text.replace(accents, '')
    case 'Nmt':
      return text => text.replace(nmtRemoved, '').replace(nmtSpaces, ' ')
    case 'ByteLevel':
      return bytesAsCharacters
    case 'Strip': {
      const { strip_left, strip_right } = step
      return text => {
        const left = strip_left ? text.replace(spaceAtStart, '') : text
        return strip_right ? left.replace(spaceAtEnd, '') : left
      }
    }
    case 'Prepend': {
      const { prepend } = step
      return text => (text === '' ? '' : prepend + text)
    }
    case 'Replace':
      return makeReplace(step.pattern, step.content, patterns, 'normalizer')
    case 'Precompiled':
    case 'BertNormalizer':
      throw unsupported(patterns.file, `the normalizer ${step.type}`)
  }
}

/** Replaces every match by `content`. */
export function makeReplace(
  pattern: z.infer<typeof patternSchema>,
  content: string,
  patterns: PatternSource,
  where: string
): Normalizer {
  if ('String' in pattern && content.length <= pattern.String.length) {
    const { String: text } = pattern
    return text === '' ? whole => whole : whole => whole.replaceAll(text, () => content)
  }
  const find: PartFinder = patterns.finder(pattern, where)
  return (text, most) => {
    const parts: string[] = []
    let length = 0
    find(text, (start, end, isMatch) => {
      const part = isMatch ? content : text.slice(start, end)
      length += part.length
      checkGrowth(length, most, patterns.file)
      parts.push(part)
    })
    return parts.join('')
  }
}
