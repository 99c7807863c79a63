import { definePlugin, type Tokenizer } from '@skipwise/core'
import { z } from 'zod'

const byteTokenizer: Tokenizer = Object.freeze({
  vocabSize: 256,
  bosId: undefined,
  eosId: undefined,
  addBos: false,
  digest: 'bytes',
  encode: (text: string) => Int32Array.from(new TextEncoder().encode(text)),
  decode: (ids: ArrayLike<number>) =>
    new TextDecoder('utf-8', { ignoreBOM: true }).decode(Uint8Array.from(Array.from(ids).filter(id => id < 256)))
})

/**
 * Tokenizer plugin `bytes`: the 256 bytes of UTF-8, no special tokens, no files. It is never chosen for a folder by
 * itself: name it.
 */
export const bytes = definePlugin({
  kind: 'tokenizer',
  name: 'bytes',
  summary: 'The bytes of UTF-8, 256 ids',
  config: z.strictObject({}),
  create: () => ({ accepts: () => Promise.resolve(false), load: () => Promise.resolve(byteTokenizer) })
})
