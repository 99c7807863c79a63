import { Tokenizer as HuggingFaceTokenizer } from '@huggingface/tokenizers'
import { createHash } from 'node:crypto'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import golden from '../../test/golden/tokenizer-steps.json' with { type: 'json' }
import { drawIds, makeTexts } from '../../test/texts.js'
import { loadTokenizerJson } from '../index.js'

let folder = ''
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'skipwise-steps-'))
})
afterAll(() => rm(folder, { recursive: true }))

const shortDigest = (text: string) => createHash('sha256').update(text).digest('base64').slice(0, 5)
const added = [' cat', 'cats', ' the ', 'MODEL', 'Model', " 's ", '<s>', '  </s>  ']
const texts = makeTexts(added, golden.letters.length)

interface Case {
  readonly name: string
  readonly model?: string
  readonly own?: object
  readonly options?: object
  readonly normalizer?: unknown
  readonly pre_tokenizer?: unknown
  readonly decoder?: unknown
  readonly added_tokens: readonly object[]
  readonly texts?: string
  readonly highest: number
  readonly ids: string
  readonly decoded: string
}
const cases: readonly Case[] = golden.cases
const models: Readonly<Record<string, object>> = golden.models

function fileOf({ name, model, own, options, normalizer, pre_tokenizer, decoder, added_tokens }: Case): object {
  if (model === undefined && own === undefined) throw new Error(`${name} has no model`)
  return {
    version: '1.0',
    added_tokens,
    normalizer: normalizer ?? null,
    pre_tokenizer: pre_tokenizer ?? null,
    post_processor: null,
    decoder: decoder ?? null,
    model: own ?? { ...models[model ?? ''], ...options }
  }
}

// tools/golden/tokenizer_steps.py
describe(`ids and texts are those of ${golden.origin}`, () => {
  test.each(cases)('$name', async each => {
    await writeFile(join(folder, 'tokenizer.json'), JSON.stringify(fileOf(each)))
    const tokenizer = await loadTokenizerJson(folder)
    const own = each.texts === undefined ? texts : golden.letters
    const wrong: unknown[] = []
    const check = (call: string, i: number, input: unknown, found: string, right: string) => {
      if (shortDigest(found) !== right.slice(5 * i, 5 * i + 5)) wrong.push([call, i, input, found])
    }
    own.forEach((text, i) => check('encode', i, text, tokenizer.encode(text).join(','), each.ids))
    drawIds(each.highest).forEach((ids, i) => check('decode', i, ids, tokenizer.decode(ids), each.decoded))
    expect(wrong.slice(0, 3)).toEqual([])
  })
})

/** The library of transformers.js, which reads words and spaces as everyone does. */
test('plain English has the ids of the JavaScript library too', async () => {
  for (const each of cases.filter(({ name }) => ['LLaMA 2', 'ByteLevel True False'].includes(name))) {
    const file = fileOf(each)
    await writeFile(join(folder, 'tokenizer.json'), JSON.stringify(file))
    const own = await loadTokenizerJson(folder)
    const other = new HuggingFaceTokenizer(file, {})
    const text = 'The model reads the document, and it says what it has read; 12 words of it.'
    expect(Array.from(own.encode(text))).toEqual(other.encode(text, { add_special_tokens: false }).ids)
  }
})
