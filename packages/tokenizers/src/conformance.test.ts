import { describeTokenizer, sharedFixture } from '@skipwise/testing'
import { copyFile, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe } from 'vitest'
import { goldenFolder } from '../test/sentencepiece.js'
import { bytes, sentencePiece, tokenizerJson } from './index.js'

const folders: string[] = []
afterAll(() => Promise.all(folders.map(folder => rm(folder, { recursive: true }))))

/** A model folder of one file of test/golden/sentencepiece. */
async function folderOf(file: string, name: string): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'skipwise-conformance-'))
  folders.push(folder)
  await copyFile(join(goldenFolder, file), join(folder, name))
  return folder
}

/** U+2581 is how SentencePiece writes spaces. */
const metaspaces = (text: string) => text.replaceAll('\u2581', ' ')

describeTokenizer(bytes, { folder: tmpdir() })

describe.each([
  ['llama', metaspaces],
  ['across', metaspaces],
  ['unused', metaspaces],
  // these normalize, or have no bytes for what they do not know
  ['plain', false],
  ['suffix', false],
  ['rules', false]
] as const)('SentencePiece model %s', async (name, roundTrip) =>
  describeTokenizer(sentencePiece, { folder: await folderOf(`${name}.model`, 'tokenizer.model'), roundTrip })
)

describe.each([
  ['json-prepend', metaspaces],
  // puts a space in front of texts that have none, and takes one away from all of them: so do the Rust library and its
  // decoder
  ['json-metaspace', (text: string) => metaspaces(text).replace(/^ /, '')]
] as const)('tokenizer.json %s', async (name, roundTrip) =>
  describeTokenizer(tokenizerJson, { folder: await folderOf(`${name}.tokenizer.json`, 'tokenizer.json'), roundTrip })
)

for (const name of ['byte-level-gpt2', 'byte-level-llama3']) {
  const folder = sharedFixture(`tokenizers/${name}`)
  if (folder) describe(`tokenizer.json ${name}`, () => describeTokenizer(tokenizerJson, { folder }))
}
