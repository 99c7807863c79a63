import type { Tokenizer } from '@skipwise/core'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { ConfigFiles } from '../src/sentencepiece/added-tokens.js'
import { parseModel } from '../src/sentencepiece/model-file.js'
import { makeSentencePiece } from '../src/sentencepiece/plugin.js'

/**
 * Models and encodings made by tools/golden/sentencepiece_models.py. SKIPWISE_SENTENCEPIECE_GOLDEN names a folder with
 * more texts.
 */
export const goldenFolder =
  process.env['SKIPWISE_SENTENCEPIECE_GOLDEN'] ?? join(import.meta.dirname, 'golden', 'sentencepiece')

/** A model of that folder, with the JSON files given. */
export function goldenModel(name: string, files: Partial<ConfigFiles> = {}): Tokenizer {
  const none = {
    'tokenizer_config.json': undefined,
    'special_tokens_map.json': undefined,
    'added_tokens.json': undefined
  }
  return makeSentencePiece(
    parseModel(readFileSync(join(goldenFolder, `${name}.model`)), name),
    { ...none, ...files },
    name,
    ''
  )
}
