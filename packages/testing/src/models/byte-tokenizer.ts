import type { Tokenizer } from '@skipwise/core'

/** UTF-8 bytes as ids 0 … 255, BOS 256, EOS 257: a whole tokenizer without files. */
export const byteTokenizer = ({ addBos = true }: { readonly addBos?: boolean } = {}): Tokenizer => ({
  vocabSize: 258,
  bosId: 256,
  eosId: 257,
  addBos,
  encode: text => Int32Array.from(new TextEncoder().encode(text)),
  decode: ids =>
    new TextDecoder('utf-8', { ignoreBOM: true }).decode(Uint8Array.from(Array.from(ids).filter(id => id < 256)))
})
