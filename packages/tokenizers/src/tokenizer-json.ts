import { definePlugin, isSkipwiseError, SkipwiseError, type Tokenizer } from '@skipwise/core'
import { Tokenizer as HuggingFaceTokenizer } from '@huggingface/tokenizers'
import { createHash } from 'node:crypto'
import { access } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import { cutBetweenWords, howToCut } from './cut.js'
import { IdBuffer } from './id-buffer.js'
import { openNative } from './native.js'
import { invalid, readJsonObject } from './read-json.js'
import { rememberPieces } from './remember-pieces.js'
import { checkTokenizerFile, vocabularySize } from './tokenizer-file.js'

const TOKENIZER_FILE = 'tokenizer.json'

const specialToken = z.union([z.string(), z.looseObject({ content: z.string() })]).nullish()
const configSchema = z.looseObject({ bos_token: specialToken, eos_token: specialToken, add_bos_token: z.boolean().nullish(), add_eos_token: z.boolean().nullish() })

/**
 * Tokenizer plugin `tokenizer-json`: `tokenizer.json`, with `tokenizer_config.json` where there is one, through @huggingface/tokenizers.
 */
export const tokenizerJson = definePlugin({
  kind: 'tokenizer',
  name: 'tokenizer-json',
  summary: 'tokenizer.json of Hugging Face models',
  config: z.strictObject({}),
  create: () => ({
    accepts: folder => access(join(folder, TOKENIZER_FILE)).then(() => true, () => false),
    load: loadTokenizerJson
  })
})

/**
 * Loads the tokenizer of a model folder.
 *
 * BOS and EOS are those of `tokenizer_config.json`, or else what the post-processor puts before and after a text. A text gets BOS when
 * `add_bos_token` says so, or else when the post-processor puts it there; EOS alike by `add_eos_token`.
 *
 * @throws SkipwiseError `TOKENIZER_NOT_FOUND`, `TOKENIZER_INVALID`, `TOKENIZER_UNSUPPORTED`, `FILE_REFUSED`
 */
export async function loadTokenizerJson(folder: string): Promise<Tokenizer> {
  const file = join(folder, TOKENIZER_FILE), configFile = join(folder, 'tokenizer_config.json'), hash = createHash('sha256')
  const json = await readJsonObject(folder, TOKENIZER_FILE, hash)
  if (!json) throw new SkipwiseError('TOKENIZER_NOT_FOUND', { problem: `${folder} has no ${TOKENIZER_FILE}`, fix: 'name the folder of a Hugging Face model' })
  const config = (await readJsonObject(folder, 'tokenizer_config.json', hash)) ?? {}
  const tokenizer = makeTokenizer(json, config, { file, configFile, digest: hash.digest('hex') }), encodeAll = await openNative(json, tokenizer.encode)
  return encodeAll ? Object.freeze({ ...tokenizer, encodeAll }) : tokenizer
}

/** Where a tokenizer comes from, for messages and caches. */
export interface TokenizerOrigin {
  readonly file: string
  readonly configFile: string
  readonly digest: string
}

/** A tokenizer from the parsed files; see {@link loadTokenizerJson}. */
export function makeTokenizer(json: Record<string, unknown>, config: Record<string, unknown>, origin: TokenizerOrigin): Tokenizer {
  const checked = checkTokenizerFile(json, origin.file)
  const named = readConfig(config, origin.configFile)
  const attempt = <Result>(what: string, run: () => Result): Result => {
    try {
      return run()
    } catch (cause) {
      if (isSkipwiseError(cause)) throw cause
      throw invalid(origin.file, `${what} fails (${(cause as Error).message})`, cause)
    }
  }
  const inner = attempt('building the tokenizer', () => new HuggingFaceTokenizer(checked, config))
  const encode = (text: string, special: boolean): readonly number[] =>
    attempt('encoding', () => {
      const { ids, tokens } = inner.encode(text, { add_special_tokens: special })
      const unknown = (ids as (number | undefined)[]).findIndex(id => id === undefined)
      if (unknown >= 0) throw invalid(origin.file, `the token '${tokens[unknown]}' is not in the vocabulary, and it names no unknown token`)
      return ids
    })

  const vocabulary = inner.get_vocab()
  const idOf = (token: string | undefined) => (token === undefined ? undefined : vocabulary.get(token))
  const around = attempt('post-processing', () => surroundings(encode('a', false), encode('a', true)))
  const bosId = idOf(named.bos) ?? around.before, eosId = idOf(named.eos) ?? around.after
  const style = attempt('encoding', () => howToCut(checked, text => encode(text, false)))
  const encodePiece = rememberPieces(piece => encode(piece, false))
  const special = new Set(checked.added_tokens.filter(token => token.special).map(token => token.id))
  return Object.freeze({
    vocabSize: vocabularySize(checked),
    bosId,
    eosId,
    addBos: bosId !== undefined && (named.addBos ?? around.before === bosId),
    addEos: eosId !== undefined && (named.addEos ?? around.after === eosId),
    digest: origin.digest,
    encode(text: string) {
      if (!style) return Int32Array.from(encode(text, false))
      const ids = new IdBuffer()
      for (const piece of cutBetweenWords(text, style)) ids.pushAll(encodePiece(piece))
      return ids.finish()
    },
    decode(ids: ArrayLike<number>) {
      // A model may have more rows than its tokenizer has tokens; such ids have no text.
      const known = Array.from(ids).filter(id => !special.has(id) && inner.id_to_token(id) !== undefined)
      return known.length ? attempt('decoding', () => inner.decode(known, { clean_up_tokenization_spaces: false })) : ''
    }
  })
}

function readConfig(config: Record<string, unknown>, file: string): { bos: string | undefined; eos: string | undefined; addBos: boolean | undefined; addEos: boolean | undefined } {
  const parsed = configSchema.safeParse(config)
  if (!parsed.success) throw invalid(file, parsed.error.issues.map(issue => `${issue.path.join('.')}: ${issue.message}`).join('; '))
  const text = (token: z.infer<typeof specialToken>) => (typeof token === 'string' ? token : token?.content)
  return { bos: text(parsed.data.bos_token), eos: text(parsed.data.eos_token), addBos: parsed.data.add_bos_token ?? undefined, addEos: parsed.data.add_eos_token ?? undefined }
}

/** The ids that the post-processor puts directly before and after a text. */
function surroundings(plain: readonly number[], withSpecial: readonly number[]): { before: number | undefined; after: number | undefined } {
  const extra = withSpecial.length - plain.length
  for (let start = 0; plain.length && start <= extra; start++) {
    if (plain.every((id, i) => withSpecial[start + i] === id)) return { before: withSpecial[start - 1], after: withSpecial[start + plain.length] }
  }
  return { before: undefined, after: undefined }
}
