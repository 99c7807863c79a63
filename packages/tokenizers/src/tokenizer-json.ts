import { readFolderFile } from '@skipwise/checkpoints'
import { definePlugin, isSkipwiseError, SkipwiseError, type Tokenizer } from '@skipwise/core'
import { createHash } from 'node:crypto'
import { access } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import { IdBuffer } from './id-buffer.js'
import { numberAddedTokens, tokenFinder } from './json/added-tokens.js'
import { makeDecoder } from './json/decoders.js'
import { mostAfter, withinTime } from './json/limits.js'
import { makeModel } from './json/make-model.js'
import { makeNormalizer } from './json/normalizers.js'
import { PatternSource } from './json/pattern.js'
import { surroundings } from './json/post-processor.js'
import { makePreTokenizer } from './json/pre-tokenizers.js'
import { readVocabulary } from './json/read-vocabulary.js'
import { unsupported } from './json/refuse.js'
import { tokensById } from './json/tokens-by-id.js'
import { invalid, readJsonObject } from './read-json.js'
import { readTokenizerFile, type ReadTokenizer } from './read-tokenizer-file.js'
import { checkTokenizerFile } from './tokenizer-file.js'

const TOKENIZER_FILE = 'tokenizer.json'

const specialToken = z.union([z.string(), z.looseObject({ content: z.string() })]).nullish()
const configSchema = z.looseObject({
  bos_token: specialToken,
  eos_token: specialToken,
  add_bos_token: z.boolean().nullish(),
  add_eos_token: z.boolean().nullish()
})

/**
 * Tokenizer plugin `tokenizer-json`: `tokenizer.json`, with `tokenizer_config.json` where there is one.
 */
export const tokenizerJson = definePlugin({
  kind: 'tokenizer',
  name: 'tokenizer-json',
  summary: 'tokenizer.json of Hugging Face models',
  config: z.strictObject({}),
  create: () => ({
    accepts: folder =>
      access(join(folder, TOKENIZER_FILE)).then(
        () => true,
        () => false
      ),
    load: loadTokenizerJson
  })
})

/**
 * Loads the tokenizer of a model folder. Ids are those of the Rust library `tokenizers`; a file with options that would
 * be read differently is refused.
 *
 * BOS and EOS are those of `tokenizer_config.json`, or else the tokens that the post-processor puts before and after a
 * text. A text gets BOS when `add_bos_token` says so, or else when the post-processor puts it there; EOS likewise by
 * `add_eos_token`.
 *
 * @throws SkipwiseError `TOKENIZER_NOT_FOUND`, `TOKENIZER_INVALID`, `TOKENIZER_UNSUPPORTED`, `FILE_REFUSED`
 */
export async function loadTokenizerJson(folder: string): Promise<Tokenizer> {
  const file = join(folder, TOKENIZER_FILE)
  const configFile = join(folder, 'tokenizer_config.json')
  const hash = createHash('sha256')
  const content = await readFolderFile(folder, TOKENIZER_FILE)
  if (!content)
    throw new SkipwiseError('TOKENIZER_NOT_FOUND', {
      problem: `${folder} has no ${TOKENIZER_FILE}`,
      fix: 'pass the folder of a Hugging Face model'
    })
  hash.update(content)
  const config = (await readJsonObject(folder, 'tokenizer_config.json', hash)) ?? {}
  return openTokenizer(content, config, { file, configFile, digest: hash.digest('hex') })
}

/** The origin of a tokenizer, for messages and caches. */
export interface TokenizerOrigin {
  readonly file: string
  readonly configFile: string
  readonly digest: string
}

/** A tokenizer from the bytes of a tokenizer.json; see {@link loadTokenizerJson}. */
export const openTokenizer = (
  content: Uint8Array,
  config: Record<string, unknown>,
  origin: TokenizerOrigin
): Tokenizer => build(() => readTokenizerFile(content, origin.file), config, origin)

/** A tokenizer from the parsed files. */
export const makeTokenizer = (
  json: Record<string, unknown>,
  config: Record<string, unknown>,
  origin: TokenizerOrigin
): Tokenizer => build(() => ({ json }), config, origin)

function build(read: () => ReadTokenizer, config: Record<string, unknown>, origin: TokenizerOrigin): Tokenizer {
  const named = readConfig(config, origin.configFile)
  const attempt = <Result>(what: string, run: () => Result): Result => {
    try {
      return run()
    } catch (cause) {
      if (isSkipwiseError(cause)) throw cause
      if (cause instanceof RangeError) {
        throw unsupported(origin.file, `${what} reaches a limit of JavaScript (${cause.message})`)
      }
      throw invalid(origin.file, `${what} fails (${cause instanceof Error ? cause.message : String(cause)})`, cause)
    }
  }
  const { bounded, encodeText, decodeTokens, tokenOf, special, idOf, size, around } = attempt(
    'building the tokenizer',
    () => makeParts(read(), origin.file)
  )
  const limited = <Result>(characters: number, run: () => Result): Result =>
    bounded ? run() : withinTime(characters, origin.file, run)
  const bosId = idOf(named.bos) ?? around.before
  const eosId = idOf(named.eos) ?? around.after
  return Object.freeze({
    vocabSize: size,
    bosId,
    eosId,
    addBos: bosId !== undefined && (named.addBos ?? around.before === bosId),
    addEos: eosId !== undefined && (named.addEos ?? around.after === eosId),
    digest: origin.digest,
    encode: (text: string) => attempt('encoding', () => limited(text.length, () => encodeText(text))),
    decode(ids: ArrayLike<number>) {
      const tokens: string[] = []
      let length = 0
      for (const id of Array.from(ids)) {
        // A model may have more rows than its tokenizer has tokens; such ids have no text.
        const token = tokenOf(id)
        if (token === undefined || special.has(token)) continue
        tokens.push(token)
        length += token.length
      }
      return tokens.length
        ? attempt('decoding', () => limited(length, () => decodeTokens(tokens, mostAfter(length))))
        : ''
    }
  })
}

/** Length limit of added tokens: to look for longer ones at each place of a text may take long. */
const LONGEST_ADDED = 256

/** The parts of a tokenizer.json, combined as in `TokenizerImpl` of the Rust library. */
function makeParts({ json, vocabulary: read, merges }: ReadTokenizer, file: string) {
  const checked = checkTokenizerFile(json, file)
  const patterns = new PatternSource(file)
  const vocabulary = read ?? readVocabulary(checked.model.vocab, file)
  const normalize = makeNormalizer(checked.normalizer, patterns)
  const preTokenizer = makePreTokenizer(checked.pre_tokenizer, patterns)
  const decodeTokens = makeDecoder(checked.decoder, patterns)
  const bytes = preTokenizer.bytes
  const model = makeModel(checked.model, vocabulary, merges, bytes, patterns)
  const modelTokens = vocabulary.idOf
  const added = numberAddedTokens(
    checked.added_tokens.map(({ single_word, ...token }) => ({ ...token, singleWord: single_word })),
    content => modelTokens.get(content),
    modelTokens.size
  ).map(token => ({
    token,
    spelling: token.normalized ? normalize(token.content, mostAfter(token.content.length)) : token.content
  }))
  if (added.some(({ spelling }) => spelling.length > LONGEST_ADDED)) patterns.unbounded = true
  const findPlain = tokenFinder(added.filter(({ token }) => !token.normalized))
  const findNormalized = tokenFinder(added.filter(({ token }) => token.normalized))
  const spellings = new Map(added.map(({ token, spelling }) => [token.id, spelling]))
  const modelTokenOf = tokensById(modelTokens, vocabulary.size)
  const idByContent = new Map(added.map(({ token }) => [token.content, token.id]))
  return {
    bounded: !patterns.unbounded,
    decodeTokens,
    tokenOf: (id: number) => spellings.get(id) ?? modelTokenOf(id),
    special: new Set(added.filter(({ token }) => token.special).map(({ token }) => token.content)),
    idOf: (token: string | undefined) =>
      token === undefined ? undefined : (idByContent.get(token) ?? modelTokens.get(token)),
    size: added.reduce((size, { token }) => Math.max(size, token.id + 1), vocabulary.size),
    around: surroundings(checked.post_processor),
    encodeText(text: string): Int32Array {
      const ids = new IdBuffer()
      const take = (word: string) => model.encode(word, ids)
      // Half a surrogate pair is U+FFFD in UTF-8.
      for (const segment of findPlain(text.replace(/\p{Surrogate}/gu, '\ufffd'))) {
        if ('id' in segment) {
          ids.push(segment.id)
          continue
        }
        const normal = normalize(segment.text, mostAfter(segment.text.length))
        for (const part of findNormalized(normal)) {
          if ('id' in part) ids.push(part.id)
          else preTokenizer.split(part.text, segment.start === 0 && part.start === 0, take)
        }
      }
      return ids.finish()
    }
  }
}

function readConfig(
  config: Record<string, unknown>,
  file: string
): { bos: string | undefined; eos: string | undefined; addBos: boolean | undefined; addEos: boolean | undefined } {
  const parsed = configSchema.safeParse(config)
  if (!parsed.success)
    throw invalid(file, parsed.error.issues.map(issue => `${issue.path.join('.')}: ${issue.message}`).join('; '))
  const text = (token: z.infer<typeof specialToken>) => (typeof token === 'string' ? token : token?.content)
  return {
    bos: text(parsed.data.bos_token),
    eos: text(parsed.data.eos_token),
    addBos: parsed.data.add_bos_token ?? undefined,
    addEos: parsed.data.add_eos_token ?? undefined
  }
}
