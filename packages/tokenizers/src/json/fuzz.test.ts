// SKIPWISE_FUZZ_RUNS=100000 npx vitest run src/json/fuzz.test.ts
import { fuzzReader } from '@skipwise/testing'
import { expect, test } from 'vitest'
import golden from '../../test/golden/tokenizer-steps.json' with { type: 'json' }
import { invalid } from '../read-json.js'
import { makeTokenizer } from '../tokenizer-json.js'

const origin = { file: 'tokenizer.json', configFile: 'tokenizer_config.json', digest: '' }
const model = {
  type: 'BPE',
  unk_token: '<unk>',
  byte_fallback: true,
  fuse_unk: true,
  vocab: { '<unk>': 0, a: 1, b: 2, ab: 3, '\u2581': 4, '\u2581a': 5, '<0x0A>': 6, '1': 7, ' ': 8, é: 9 },
  merges: [
    ['a', 'b'],
    ['\u2581', 'a']
  ]
}
/** Small files of all kinds of steps, with a model that is small too. */
const small = golden.cases
  .filter((_, i) => i % 5 === 0)
  .map(({ added_tokens, normalizer, pre_tokenizer, decoder, own }) =>
    new TextEncoder().encode(
      JSON.stringify({ added_tokens, normalizer, pre_tokenizer, post_processor: null, decoder, model: own ?? model })
    )
  )
const text = 'ab a1b  AB\u00a0é ﬁ \u200b日本語 <s>a</s> 😀 12\n'

function parse(bytes: Uint8Array): Record<string, unknown> {
  let value: unknown
  try {
    value = JSON.parse(Buffer.from(bytes).toString())
  } catch (cause) {
    throw invalid('tokenizer.json', 'it is not JSON', cause)
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw invalid('tokenizer.json', 'it is not a JSON object')
  return { ...value }
}

test('mutated tokenizer.json', { timeout: 0 }, async () => {
  const seen = await fuzzReader({
    files: small,
    async *read(mutated) {
      const tokenizer = makeTokenizer(parse(mutated), {}, origin)
      yield tokenizer.vocabSize
      const ids = tokenizer.encode(text)
      expect(ids.every(id => id >= 0 && id < tokenizer.vocabSize)).toBe(true)
      yield ids
      yield tokenizer.decode(Array.from({ length: Math.min(300, tokenizer.vocabSize) }, (_, id) => id))
    }
  })
  if (process.env['SKIPWISE_FUZZ_RUNS']) process.stderr.write(`tokenizer.json: ${JSON.stringify(seen)}\n`)
  expect(seen.refused['TOKENIZER_INVALID']).toBeGreaterThan(0)
})
