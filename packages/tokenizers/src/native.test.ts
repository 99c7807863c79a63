import { sharedFixture } from '@skipwise/testing'
import { fc, test } from '@fast-check/vitest'
import { createHash } from 'node:crypto'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, onTestFinished } from 'vitest'
import { loadTokenizerJson } from './index.js'
import { encodeNatively } from './native.js'

const fixtures = ['byte-level-gpt2', 'byte-level-llama3'].flatMap(name => sharedFixture(`tokenizers/${name}`) ?? [])
const loaded = Promise.all(fixtures.map(loadTokenizerJson))

describe.skipIf(!fixtures.length)('the native tokenizers package, where it is installed', () => {
  const piece = fc.oneof(
    fc.stringMatching(/^[A-Za-z]{1,9}$/),
    fc.constantFrom(
      "don't",
      '3.14',
      '12345',
      '(',
      '.',
      'né',
      '日本語',
      '😀',
      '<|begin|>',
      '<|end|>',
      '\u0301',
      '  ',
      '\n\n',
      '\r\n'
    ),
    fc.string({ unit: 'grapheme', maxLength: 5 })
  )
  test.prop(
    [
      fc.array(
        fc.array(piece, { maxLength: 40 }).map(parts => parts.join(' ')),
        { maxLength: 5 }
      )
    ],
    { numRuns: 200 }
  )('gives the ids that we give', async texts => {
    for (const { encode, encodeAll } of await loaded) {
      const all = (await encodeAll?.(texts)) as readonly Int32Array[]
      expect(all.map(ids => Array.from(ids))).toEqual(texts.map(text => Array.from(encode(text))))
    }
  })
})

test('is not used where the file has changed since it was read', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'skipwise-native-'))
  onTestFinished(() => rm(folder, { recursive: true }))
  const file = join(folder, 'tokenizer.json')
  await writeFile(file, '{}')
  const encodeAll = await encodeNatively(file, 'another', () => Int32Array.of(7))
  expect(await encodeAll?.(['a', 'b'])).toEqual([Int32Array.of(7), Int32Array.of(7)])
})

test('is not used where it reads a tokenizer.json otherwise, or cannot', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'skipwise-native-'))
  onTestFinished(() => rm(folder, { recursive: true }))
  const file = join(folder, 'tokenizer.json')
  const readable = {
    version: '1.0',
    added_tokens: [],
    normalizer: null,
    pre_tokenizer: { type: 'ByteLevel', add_prefix_space: false },
    decoder: { type: 'ByteLevel' },
    model: { type: 'BPE', vocab: { a: 0 }, merges: [] }
  }
  for (const json of [readable, { model: {} }]) {
    const content = JSON.stringify(json)
    await writeFile(file, content)
    const digest = createHash('sha256').update(content).digest('hex')
    const encodeAll = await encodeNatively(file, digest, () => Int32Array.of(7))
    expect(await encodeAll?.(['a'])).toEqual([Int32Array.of(7)])
  }
})
