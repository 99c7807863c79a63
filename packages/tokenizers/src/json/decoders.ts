import { z } from 'zod'
import { bytesOfCharacters } from './bytes-as-characters.js'
import { checkGrowth } from './limits.js'
import { makeReplace } from './normalizers.js'
import { patternSchema, type PatternSource } from './pattern.js'
import { metaspaceSchema, prependScheme } from './pre-tokenizers.js'
import { unsupported } from './refuse.js'
import { sequenceOr } from './sequence.js'

/** Changes the texts of tokens; all of them together may grow to `most` characters. */
type Step = (tokens: readonly string[], most: number) => readonly string[]

const stepSchema = z.discriminatedUnion('type', [
  z.looseObject({ type: z.literal('ByteLevel') }),
  z.looseObject({ type: z.literal('ByteFallback') }),
  z.looseObject({ type: z.literal('Fuse') }),
  z.looseObject({ type: z.literal('Replace'), pattern: patternSchema, content: z.string() }),
  z.looseObject({
    type: z.literal('Strip'),
    content: z.string().refine(text => Array.from(text).length === 1, 'not one character'),
    start: z.int().min(0),
    stop: z.int().min(0)
  }),
  metaspaceSchema,
  z.looseObject({ type: z.literal('BPEDecoder'), suffix: z.string().default('</w>') }),
  z.looseObject({ type: z.literal('WordPiece'), prefix: z.string().default('##'), cleanup: z.boolean().default(true) }),
  z.looseObject({ type: z.literal('CTC') })
])
type StepFile = z.infer<typeof stepSchema>

/** A decoder of tokenizer.json: a step, or several in a sequence. */
export const decoderSchema: z.ZodType<DecoderFile> = sequenceOr(
  z.looseObject({
    type: z.literal('Sequence'),
    get decoders() {
      return z.array(decoderSchema)
    }
  }),
  stepSchema
)
export type DecoderFile = StepFile | { readonly type: 'Sequence'; readonly decoders: readonly DecoderFile[] }

const stepsOf = (file: DecoderFile): readonly StepFile[] =>
  file.type === 'Sequence' ? file.decoders.flatMap(stepsOf) : [file]

/**
 * The function that joins the texts of tokens: with spaces between them, where a file has no decoder.
 *
 * @throws SkipwiseError `TOKENIZER_UNSUPPORTED`
 */
export function makeDecoder(
  file: DecoderFile | null,
  patterns: PatternSource
): (tokens: readonly string[], most: number) => string {
  if (file === null) return tokens => tokens.join(' ')
  const steps = stepsOf(file).map(step => stepOf(step, patterns))
  return (tokens, most) => {
    let changed = tokens
    for (const step of steps) {
      changed = step(changed, most)
      checkGrowth(
        changed.reduce((length, token) => length + token.length, 0),
        most,
        patterns.file
      )
    }
    return changed.join('')
  }
}

function stepOf(step: StepFile, patterns: PatternSource): Step {
  switch (step.type) {
    case 'ByteLevel':
      return tokens => [joinBytes(tokens)]
    case 'ByteFallback':
      return bytesFallBack
    case 'Fuse':
      return tokens => [tokens.join('')]
    case 'Replace': {
      const replace = makeReplace(step.pattern, step.content, patterns, 'decoder')
      return (tokens, most) => {
        let left = most
        return tokens.map(token => {
          const replaced = replace(token, left)
          left -= replaced.length
          return replaced
        })
      }
    }
    case 'Strip':
      return tokens => tokens.map(token => strip(token, step.content, step.start, step.stop))
    case 'Metaspace': {
      const { replacement } = step
      const drops = prependScheme(step) !== 'never'
      return tokens => tokens.map((token, i) => token.replaceAll(replacement, i === 0 && drops ? '' : ' '))
    }
    case 'BPEDecoder': {
      const { suffix } = step
      if (suffix === '') throw unsupported(patterns.file, 'the decoder BPEDecoder with no suffix')
      return tokens => tokens.map((token, i) => token.replaceAll(suffix, i === tokens.length - 1 ? '' : ' '))
    }
    case 'WordPiece': {
      const { prefix, cleanup } = step
      return tokens =>
        tokens.map((token, i) => {
          const joined = i === 0 ? token : token.startsWith(prefix) ? token.slice(prefix.length) : ` ${token}`
          return cleanup ? tidy(joined) : joined
        })
    }
    case 'CTC':
      throw unsupported(patterns.file, `the decoder ${step.type}`)
  }
}

const utf8 = new TextEncoder()

function joinBytes(tokens: readonly string[]): string {
  const parts = tokens.map(token => bytesOfCharacters(token) ?? utf8.encode(token))
  // A broken sequence gives one U+FFFD for each longest beginning of a character, in WHATWG and in from_utf8_lossy.
  return new TextDecoder('utf-8', { ignoreBOM: true }).decode(Buffer.concat(parts))
}

/** A byte as `u8::from_str_radix` reads it: a plus sign is a digit's. */
const BYTE = /^<0x(\+[0-9A-Fa-f]|[0-9A-Fa-f]{2})>$/

/** Consecutive tokens such as <0xE6> are UTF-8; where they are not valid, each of them is one U+FFFD. */
function bytesFallBack(tokens: readonly string[]): string[] {
  const texts: string[] = []
  let bytes: number[] = []
  const flush = () => {
    if (bytes.length === 0) return
    try {
      texts.push(new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(Uint8Array.from(bytes)))
    } catch {
      for (let i = 0; i < bytes.length; i++) texts.push('\ufffd')
    }
    bytes = []
  }
  for (const token of tokens) {
    const [, digits] = BYTE.exec(token) ?? []
    if (digits !== undefined) {
      bytes.push(parseInt(digits, 16))
      continue
    }
    flush()
    texts.push(token)
  }
  flush()
  return texts
}

function strip(token: string, content: string, start: number, stop: number): string {
  const characters = Array.from(token)
  let from = 0
  while (from < start && from < characters.length && characters[from] === content) from++
  let to = characters.length
  while (characters.length - to < stop && to > from && characters[to - 1] === content) to--
  return characters.slice(from, to).join('')
}

const TIDY = [
  [' .', '.'],
  [' ?', '?'],
  [' !', '!'],
  [' ,', ','],
  [" ' ", "'"],
  [" n't", "n't"],
  [" 'm", "'m"],
  [' do not', " don't"],
  [" 's", "'s"],
  [" 've", "'ve"],
  [" 're", "'re"]
] as const

const tidy = (text: string): string => TIDY.reduce((changed, [from, to]) => changed.replaceAll(from, to), text)
