// Writes the synthetic training documents to corpus/, all kinds or those named. Usage: node scripts/make-documents.mjs
// [KIND…]
import { randomStream } from '@skipwise/core'
import { loadTokenizerJson } from '@skipwise/tokenizers'
import { documentMakers } from './documents.mjs'
import { at, isMain, readJsonLines, say, writeJsonLines } from './paths.mjs'

/** Documents of each kind; `passkey-demo` is a sample that is made in seconds. */
export const DOCUMENTS = {
  'chain-30': 16_000,
  'chain-60': 16_000,
  'chain-all': 40_000,
  'chain-256': 6_000,
  facts: 8_000,
  passkey: 12_000,
  'passkey-demo': 1_200
}

/**
 * Makes all files, or those named; the same tokenizer and corpus give the same bytes. @param {readonly string[]} names
 */
export async function makeDocuments(names = Object.keys(DOCUMENTS)) {
  const tokenizer = await loadTokenizerJson(at('model'))
  const texts = readJsonLines(at('corpus', 'text.jsonl')).map(({ text }) => text)
  const makers = documentMakers(tokenizer, texts)
  const passkey = makers.passkey(256)
  const kinds = {
    'chain-30': makers.chain(32, { alphabet: 30, fewest: 3, most: 6, jump: 0.15 }),
    'chain-60': makers.chain(32, { alphabet: 60, fewest: 4, most: 10, jump: 0.15 }),
    'chain-all': makers.chain(32, { alphabet: Infinity, fewest: 4, most: 12, jump: 0.15 }),
    'chain-256': makers.chain(256, { alphabet: Infinity, fewest: 8, most: 40, jump: 0.1 }),
    facts: makers.facts(256),
    passkey,
    'passkey-demo': passkey
  }
  for (const name of names) {
    const make = kinds[name]
    const documents = Array.from({ length: DOCUMENTS[name] }, (_, index) => ({
      text: make(randomStream({ seed: 0, stream: name, index }))
    }))
    writeJsonLines(at('corpus', `${name}.jsonl`), documents)
    say(`corpus/${name}.jsonl: ${documents.length} documents`)
  }
}

if (isMain(import.meta.url)) await makeDocuments(process.argv.length > 2 ? process.argv.slice(2) : undefined)
