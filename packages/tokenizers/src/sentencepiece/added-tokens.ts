import { z } from 'zod'
import { invalid } from '../read-json.js'
import type { SentencePieceModel } from './model-file.js'

const token = z
  .union([z.string(), z.looseObject({ content: z.string() }).transform(({ content }) => content)])
  .nullish()
const flags = {
  special: z.boolean().default(false),
  lstrip: z.boolean().default(false),
  rstrip: z.boolean().default(false),
  single_word: z.boolean().default(false)
}
const names = {
  bos_token: token,
  eos_token: token,
  unk_token: token,
  pad_token: token,
  additional_special_tokens: z.array(token).nullish()
}
const configSchema = z.looseObject({
  ...names,
  add_bos_token: z.boolean().nullish(),
  add_eos_token: z.boolean().nullish(),
  legacy: z.boolean().nullish(),
  added_tokens_decoder: z
    .record(z.string().regex(/^\d{1,7}$/), z.looseObject({ content: z.string().min(1), ...flags }))
    .default({})
})
const mapSchema = z.looseObject(names)
const addedSchema = z.record(z.string().min(1), z.int().min(0).max(9_999_999))

/** The parsed JSON files that may be next to a `tokenizer.model`. */
export interface ConfigFiles {
  readonly 'tokenizer_config.json': Readonly<Record<string, unknown>> | undefined
  readonly 'special_tokens_map.json': Readonly<Record<string, unknown>> | undefined
  readonly 'added_tokens.json': Readonly<Record<string, unknown>> | undefined
}

/** A token that is found in texts by its spelling, before anything else. */
export interface AddedToken {
  readonly id: number
  readonly content: string
  readonly special: boolean
  /** Whether the white space before or after it is removed. */
  readonly lstrip: boolean
  readonly rstrip: boolean
}

/** What transformers reads from the files next to a `tokenizer.model`. */
export interface TokenizerPolicy {
  readonly added: readonly AddedToken[]
  readonly bos: string | undefined
  readonly eos: string | undefined
  readonly addBos: boolean | undefined
  readonly addEos: boolean
  /** Whether a text after an added token gets a dummy prefix, as the beginning does. */
  readonly prefixAfterToken: boolean
}

/**
 * Reads them: the tokens of `added_tokens_decoder`, `added_tokens.json` and those that are named (`bos_token`, …) are
 * found in texts by their spelling. Without these files no token is: SentencePiece itself reads `<s>` as three
 * characters.
 *
 * @throws SkipwiseError `TOKENIZER_INVALID`
 */
export function readPolicy(files: ConfigFiles, { pieces }: SentencePieceModel, folder: string): TokenizerPolicy {
  const parse = <Output>(schema: z.ZodType<Output>, name: keyof ConfigFiles): Output => {
    const parsed = schema.safeParse(files[name] ?? {})
    if (parsed.success) return parsed.data
    throw invalid(
      `${folder}/${name}`,
      parsed.error.issues
        .slice(0, 5)
        .map(issue => `${issue.path.join('.')}: ${issue.message}`)
        .join('; ')
    )
  }
  const config = parse(configSchema, 'tokenizer_config.json')
  const map = parse(mapSchema, 'special_tokens_map.json')
  const more = parse(addedSchema, 'added_tokens.json')
  const byContent = new Map<string, AddedToken>()
  const add = (added: AddedToken) => byContent.set(added.content, added)
  const plain = { special: false, lstrip: false, rstrip: false }
  for (const [content, id] of Object.entries(more)) add({ ...plain, id, content })
  for (const [id, { content, special, lstrip, rstrip, single_word }] of Object.entries(config.added_tokens_decoder)) {
    if (single_word)
      throw invalid(
        `${folder}/tokenizer_config.json`,
        `the added token '${content}' matches only whole words, which is not supported`
      )
    add({ id: Number(id), content, special, lstrip, rstrip })
  }
  const ids = new Map(pieces.map(({ text }, id) => [text, id]))
  const named = [config, map].flatMap(({ bos_token, eos_token, unk_token, pad_token, additional_special_tokens }) => [
    bos_token,
    eos_token,
    unk_token,
    pad_token,
    ...(additional_special_tokens ?? [])
  ])
  for (const content of named) {
    // Converted LLaMA folders name '' as their tokens; others name tokens without an id.
    if (!content) continue
    const known = byContent.get(content)
    const id = known?.id ?? ids.get(content)
    if (id !== undefined) add({ ...plain, ...known, id, content, special: true })
  }
  return {
    added: [...byContent.values()].sort((a, b) => b.content.length - a.content.length),
    bos: config.bos_token || map.bos_token || undefined,
    eos: config.eos_token || map.eos_token || undefined,
    addBos: config.add_bos_token ?? undefined,
    addEos: config.add_eos_token ?? false,
    prefixAfterToken: config.legacy ?? true
  }
}

/** A piece of text, or the token between two pieces. */
export type Segment = { readonly text: string; readonly atStart: boolean } | { readonly token: AddedToken }

/** Finds the added tokens in a text, the longest of those that begin at one place. */
export function segmenter(added: readonly AddedToken[]): (text: string) => Iterable<Segment> {
  if (added.length === 0) return text => [{ text, atStart: true }]
  const byContent = new Map(added.map(token => [token.content, token]))
  const pattern = new RegExp(added.map(({ content }) => content.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&')).join('|'), 'g')
  return function* (text) {
    let end = 0
    let stripNext = false
    const between = (stop: number, stripEnd: boolean): Segment[] => {
      let part = text.slice(end, stop)
      // White space of Unicode: trim() also removes U+FEFF, which is text, and does not remove U+0085.
      if (stripNext) part = part.replace(/^\p{White_Space}+/u, '')
      if (stripEnd) part = part.replace(/(?<!\p{White_Space})\p{White_Space}+$/u, '')
      return part === '' ? [] : [{ text: part, atStart: end === 0 }]
    }
    for (const { 0: content, index } of text.matchAll(pattern)) {
      const token = byContent.get(content) as AddedToken
      yield* between(index, token.lstrip)
      yield { token }
      end = index + content.length
      stripNext = token.rstrip
    }
    yield* between(text.length, false)
  }
}
