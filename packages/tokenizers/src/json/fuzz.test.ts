// SKIPWISE_FUZZ_RUNS=100000 npx vitest run src/json/fuzz.test.ts
import { parseJson } from '@skipwise/checkpoints'
import { isSkipwiseError, type Tokenizer } from '@skipwise/core'
import { fuzzReader } from '@skipwise/testing'
import { expect, test } from 'vitest'
import golden from '../../test/golden/tokenizer-steps.json' with { type: 'json' }
import { makeTokenizer, openTokenizer } from '../tokenizer-json.js'

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

const parse = (bytes: Uint8Array) => parseJson(bytes, 'tokenizer.json', 'TOKENIZER_INVALID').object

/** What a reader makes of a file: its size and the ids of a text, or the code of its refusal. */
function outcome(open: () => Tokenizer): unknown {
  try {
    const tokenizer = open()
    return [tokenizer.vocabSize, ...tokenizer.encode(text)]
  } catch (error) {
    if (isSkipwiseError(error)) return error.code
    throw error
  }
}

test('mutated tokenizer.json', { timeout: 0 }, async () => {
  const seen = await fuzzReader({
    files: small,
    async *read(mutated) {
      // The file as its bytes are read, and as JSON.parse reads it.
      const own = outcome(() => openTokenizer(mutated, {}, origin))
      yield own
      expect(own).toEqual(outcome(() => makeTokenizer(parse(mutated), {}, origin)))
      yield own
      const tokenizer = openTokenizer(mutated, {}, origin)
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
