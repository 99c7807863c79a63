// SKIPWISE_FUZZ_RUNS=100000 npx vitest run src/sentencepiece/fuzz.test.ts
import { fuzzReader } from '@skipwise/testing'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { goldenFolder } from '../../test/sentencepiece.js'
import { parseModel } from './model-file.js'
import { makeSentencePiece } from './plugin.js'

const files = ['llama', 'rules', 'plain', 'unused'].map(
  name => new Uint8Array(readFileSync(join(goldenFolder, `${name}.model`)))
)
const none = {
  'tokenizer_config.json': undefined,
  'special_tokens_map.json': undefined,
  'added_tokens.json': undefined
}
const text = 'Hello  world, A\u00a0A ﬁ \u200b日本語 <sep>hellohello 😀\n'

test('mutated models', { timeout: 0 }, async () => {
  const seen = await fuzzReader({
    files,
    async *read(mutated) {
      const model = parseModel(mutated, 'tokenizer.model')
      yield model
      const tokenizer = makeSentencePiece(model, none, 'model', '')
      const ids = tokenizer.encode(text)
      expect(ids.every(id => id >= 0 && id < tokenizer.vocabSize)).toBe(true)
      yield ids
      yield tokenizer.decode(Array.from({ length: model.pieces.length }, (_, id) => id))
    }
  })
  if (process.env['SKIPWISE_FUZZ_RUNS']) process.stderr.write(`tokenizer.model: ${JSON.stringify(seen)}\n`)
  expect(seen.refused['TOKENIZER_INVALID']).toBeGreaterThan(0)
})
