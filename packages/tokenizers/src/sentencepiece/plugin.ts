import { readFolderFile } from '@skipwise/checkpoints'
import { definePlugin, SkipwiseError, type Tokenizer } from '@skipwise/core'
import { createHash, type Hash } from 'node:crypto'
import { access } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import { IdBuffer } from '../id-buffer.js'
import { readJsonObject } from '../read-json.js'
import { readPolicy, segmenter, type ConfigFiles, type TokenizerPolicy } from './added-tokens.js'
import { decodePieces } from './decode.js'
import { parseModel, PieceType, type SentencePieceModel } from './model-file.js'
import { normalizedBlocks } from './normalize.js'
import { indexVocabulary } from './vocabulary.js'

const MODEL_FILE = 'tokenizer.model'

/**
 * Tokenizer plugin `sentencepiece`: `tokenizer.model`, BPE with or without byte fallback (LLaMA 1 and 2, Mistral,
 * Baichuan).
 */
export const sentencePiece = definePlugin({
  kind: 'tokenizer',
  name: 'sentencepiece',
  summary: 'tokenizer.model of SentencePiece, BPE',
  config: z.strictObject({}),
  create: () => ({
    accepts: folder =>
      access(join(folder, MODEL_FILE)).then(
        () => true,
        () => false
      ),
    load: loadSentencePiece
  })
})

/**
 * Loads `tokenizer.model` of a model folder. Ids are those of the SentencePiece library. Tokens that
 * `tokenizer_config.json`, `special_tokens_map.json` or `added_tokens.json` name are found in texts by their spelling;
 * without such files none is.
 *
 * BOS and EOS are those that the configuration names, or else those of the model. A text gets BOS unless
 * `add_bos_token` is false, as in transformers for LLaMA, and EOS when `add_eos_token` is true.
 *
 * @throws SkipwiseError `TOKENIZER_NOT_FOUND`, `TOKENIZER_INVALID`, `TOKENIZER_UNSUPPORTED`, `FILE_REFUSED`
 */
export async function loadSentencePiece(folder: string): Promise<Tokenizer> {
  return (await readSentencePieceFiles(folder)).tokenizer
}

/** What a folder with a tokenizer.model has: the model, what the files next to it say, and the tokenizer of both. */
export interface SentencePieceFiles {
  /** Path of the model. */
  readonly file: string
  readonly model: SentencePieceModel
  readonly policy: TokenizerPolicy
  readonly tokenizer: Tokenizer
}

/**
 * Reads the files of {@link loadSentencePiece}.
 *
 * @throws SkipwiseError as it does
 */
export async function readSentencePieceFiles(folder: string): Promise<SentencePieceFiles> {
  const hash = createHash('sha256')
  const file = join(folder, MODEL_FILE)
  const model = parseModel(await readBytes(folder, hash), file)
  const json = (name: keyof ConfigFiles) => {
    // The digest must depend on where one file ends and the next begins.
    hash.update(`\0${name}\0`)
    return readJsonObject(folder, name, hash)
  }
  const files: ConfigFiles = {
    'tokenizer_config.json': await json('tokenizer_config.json'),
    'special_tokens_map.json': await json('special_tokens_map.json'),
    'added_tokens.json': await json('added_tokens.json')
  }
  const tokenizer = makeSentencePiece(model, files, folder, hash.digest('hex'))
  return { file, model, policy: readPolicy(files, model, folder), tokenizer }
}

async function readBytes(folder: string, hash: Hash): Promise<Uint8Array> {
  const bytes = await readFolderFile(folder, MODEL_FILE)
  if (bytes === undefined) {
    throw new SkipwiseError('TOKENIZER_NOT_FOUND', {
      problem: `${folder} has no ${MODEL_FILE}`,
      fix: 'pass the folder of a Hugging Face model'
    })
  }
  hash.update(bytes)
  return bytes
}

/** A tokenizer from the parsed files; see {@link loadSentencePiece}. */
export function makeSentencePiece(
  model: SentencePieceModel,
  files: ConfigFiles,
  folder: string,
  digest: string
): Tokenizer {
  const { added, bos, eos, addBos, addEos, prefixAfterToken } = readPolicy(files, model, folder)
  const vocabulary = indexVocabulary(model)
  const segments = segmenter(added)
  const decode = decodePieces(model)
  const rules = {
    ...model.normalizer,
    whitespaceAsSuffix: model.whitespaceAsSuffix,
    matchUserDefined: vocabulary.matchUserDefined
  }
  const addedById = new Map(added.map(token => [token.id, token]))
  const idOf = (named: string | undefined, own: string) => {
    if (named !== undefined) {
      const found = added.find(({ content }) => content === named)
      if (found) return found.id
    }
    const id = vocabulary.idOf(own)
    return model.pieces[id].type === PieceType.CONTROL ? id : undefined
  }
  const bosId = idOf(bos, model.bosPiece)
  const eosId = idOf(eos, model.eosPiece)
  return Object.freeze({
    vocabSize: Math.max(model.pieces.length, ...added.map(({ id }) => id + 1)),
    bosId,
    eosId,
    addBos: bosId !== undefined && (addBos ?? true),
    addEos: eosId !== undefined && addEos,
    digest,
    encode(text: string) {
      const ids = new IdBuffer()
      for (const segment of segments(text)) {
        if ('token' in segment) ids.push(segment.token.id)
        else
          vocabulary.encode(
            normalizedBlocks(segment.text, rules, segment.atStart || prefixAfterToken, vocabulary.joins),
            ids
          )
      }
      return ids.finish()
    },
    decode(ids: ArrayLike<number>) {
      const parts: string[] = []
      let run: number[] = []
      const flush = () => {
        parts.push(decode(run))
        run = []
      }
      for (const id of Array.from(ids)) {
        const token = addedById.get(id)
        if (token?.special) continue
        if (token) {
          flush()
          parts.push(token.content)
        } else if (Object.hasOwn(model.pieces, id)) run.push(id)
        // A model may have more rows than its tokenizer has pieces; such ids have no text.
      }
      flush()
      return parts.join('')
    }
  })
}
