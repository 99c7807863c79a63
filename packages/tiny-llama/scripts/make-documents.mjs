// Writes the synthetic training documents to corpus/. Usage: node scripts/make-documents.mjs [copy-64 copy-256 facts passkey]
import { randomStream } from '@skipwise/core'
import { loadTokenizerJson } from '@skipwise/tokenizers'
import { documentMakers } from './documents.mjs'
import { at, isMain, readJsonLines, say, writeJsonLines } from './paths.mjs'

/**
 * Documents of each kind. An epoch takes every document once, and one example of every 256 tokens of the text (5.4 M tokens: 21,000
 * examples), so the numbers decide the mixture.
 */
export const DOCUMENTS = { 'copy-64': 40_000, 'copy-256': 2_000, facts: 6_000, passkey: 12_000 }

/** Makes all files, or those named; the same tokenizer and corpus give the same bytes. @param {readonly string[]} names */
export async function makeDocuments(names = Object.keys(DOCUMENTS)) {
  const tokenizer = await loadTokenizerJson(at('model')), texts = readJsonLines(at('corpus', 'text.jsonl')).map(({ text }) => text)
  const makers = documentMakers(tokenizer, texts)
  const kinds = { 'copy-64': makers.copy(64, 6, 27), 'copy-256': makers.copy(256, 8, 124), facts: makers.facts(256), passkey: makers.passkey(256) }
  for (const name of names) {
    const make = kinds[name]
    const documents = Array.from({ length: DOCUMENTS[name] }, (_, index) => ({ text: make(randomStream({ seed: 0, stream: name, index })) }))
    writeJsonLines(at('corpus', `${name}.jsonl`), documents)
    say(`corpus/${name}.jsonl: ${documents.length} documents`)
  }
}

if (isMain(import.meta.url)) await makeDocuments(process.argv.length > 2 ? process.argv.slice(2) : undefined)
