// Writes the synthetic training documents to corpus/, all kinds or those named. Usage: node scripts/make-documents.mjs [KIND…]
import { randomStream } from '@skipwise/core'
import { loadTokenizerJson } from '@skipwise/tokenizers'
import { documentMakers } from './documents.mjs'
import { at, isMain, readJsonLines, say, writeJsonLines } from './paths.mjs'

/** Documents of each kind; `passkey-demo` is a sample that is made in seconds. */
export const DOCUMENTS = { 'copy-64': 40_000, 'copy-256': 4_000, facts: 8_000, passkey: 12_000, 'passkey-demo': 1_200 }

/** Makes all files, or those named; the same tokenizer and corpus give the same bytes. @param {readonly string[]} names */
export async function makeDocuments(names = Object.keys(DOCUMENTS)) {
  const tokenizer = await loadTokenizerJson(at('model')), texts = readJsonLines(at('corpus', 'text.jsonl')).map(({ text }) => text)
  const makers = documentMakers(tokenizer, texts)
  const passkey = makers.passkey(256)
  const kinds = { 'copy-64': makers.copy(64, 6, 27), 'copy-256': makers.copy(256, 8, 124), facts: makers.facts(256), passkey, 'passkey-demo': passkey }
  for (const name of names) {
    const make = kinds[name]
    const documents = Array.from({ length: DOCUMENTS[name] }, (_, index) => ({ text: make(randomStream({ seed: 0, stream: name, index })) }))
    writeJsonLines(at('corpus', `${name}.jsonl`), documents)
    say(`corpus/${name}.jsonl: ${documents.length} documents`)
  }
}

if (isMain(import.meta.url)) await makeDocuments(process.argv.length > 2 ? process.argv.slice(2) : undefined)
