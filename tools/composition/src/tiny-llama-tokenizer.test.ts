import { fc, test } from '@fast-check/vitest'
import { passkeyDocument } from '@skipwise/eval-retrieval'
import { loadTokenizerJson } from '@skipwise/tokenizers'
import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { describe, expect, it } from 'vitest'
import { byteCharacters, learnMerges } from '../../../packages/tiny-llama/scripts/bpe.mjs'
import { information, NOISE, QUESTION, TASK } from '../../../packages/tiny-llama/scripts/passkey-wording.mjs'
import { readJsonLines } from '../../../packages/tiny-llama/scripts/paths.mjs'
import { tinyLlama } from '@skipwise/tiny-llama'

const tokenizer = await loadTokenizerJson(tinyLlama.folder)

describe('the tokenizer', () => {
  it('has 1,024 tokens and puts BOS before a text', async () => {
    expect([tokenizer.vocabSize, tokenizer.bosId, tokenizer.eosId, tokenizer.addBos]).toEqual([1024, 0, 1, true])
    const { model, added_tokens: added } = JSON.parse(await readFile(`${tinyLlama.folder}/tokenizer.json`, 'utf8'))
    expect([Object.keys(model.vocab).length, model.merges.length, added.length]).toEqual([1024, 766, 2])
    for (const merge of model.merges as string[]) expect(Object.hasOwn(model.vocab, merge.replace(' ', ''))).toBe(true)
  })

  const anyText = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 200 }),
    fc.string({ unit: fc.constantFrom(...' \n\t{}:;/*.The key is 0123456789') })
  )
  test.prop([anyText.filter(text => !/<\/?s>/.test(text))], { numRuns: 200 })(
    'decodes to the text that was encoded',
    text => {
      expect(tokenizer.decode(tokenizer.encode(text))).toBe(text)
    }
  )

  test.prop([
    fc.stringMatching(/^[0-9]{1,12}$/),
    fc.constantFrom('', ' ', '  ', '\n', 'a', ' is ', '$', '-'),
    fc.constantFrom('', '.', ' ', 'b')
  ])('has one token for each digit, wherever it stands', (digits, before, after) => {
    const digitIds = Array.from('0123456789', digit => tokenizer.encode(digit)[0])
    const ids = Array.from(tokenizer.encode(before + digits + after))
    expect(new Set(digitIds).size).toBe(10)
    // the text before has one token or two, depending on what follows it
    expect(ids.filter(id => digitIds.includes(id))).toEqual(Array.from(digits, digit => digitIds[Number(digit)]))
  })

  // Origin: tokenizers 0.23.2 and transformers 5.18.0 (Python), BOS before every document, ids as little-endian int32.
  it('gives the ids of the Rust library for all held-out documents', () => {
    const hash = createHash('sha256')
    let tokens = 0
    for (const { text } of readJsonLines(tinyLlama.heldOut)) {
      const ids = Int32Array.of(0, ...tokenizer.encode(text))
      tokens += ids.length
      hash.update(new Uint8Array(ids.buffer))
      expect(ids.length).toBeGreaterThan(8500)
    }
    expect([tokens, hash.digest('hex')]).toEqual([
      159_953,
      'fcf3753ae085835903f991934929b426f165e3e9c826abd4fec410793d7ca17e'
    ])
  })

  it('keeps the words of a passkey document whole', () => {
    const words = (text: string) => text.match(/[A-Za-z]+|\d|[.?]/g) ?? []
    for (const text of [TASK, NOISE, QUESTION]) expect(tokenizer.encode(text).length).toBe(words(text).length)
    // the spaces before both numbers
    expect(tokenizer.encode(information('71432')).length).toBe(words(information('71432')).length + 2)
  })

  it('was trained on the wording of the passkey suite', () => {
    const { prompt, answer } = passkeyDocument(tokenizer, { length: 74, depth: 0, key: '71432' })
    expect(prompt + answer).toBe([TASK, information('71432'), `${QUESTION} 71432.`].join('\n'))
    expect(passkeyDocument(tokenizer, { length: 600, depth: 0.5, key: '71432' }).prompt).toContain(
      `\n${NOISE} ${NOISE} `
    )
  })
})

describe('learnMerges', () => {
  // Words and counts of Sennrich et al. 2016, §3.2, without their end-of-word symbol.
  it('merges the most frequent pair, of equals the older', () => {
    const { merges, tokens } = learnMerges(
      [
        ['low', 5],
        ['lower', 2],
        ['newest', 6],
        ['widest', 3]
      ],
      4
    )
    expect(merges).toEqual([
      ['e', 's'],
      ['es', 't'],
      ['l', 'o'],
      ['lo', 'w']
    ])
    expect(tokens.slice(256)).toEqual(['es', 'est', 'lo', 'low'])
  })

  it('never merges digits, and merges runs from the left', () => {
    expect(() => learnMerges([['12121212', 9]], 1)).toThrow('0 merges')
    expect(learnMerges([['aaaaa', 2]], 2).merges).toEqual([
      ['a', 'a'],
      ['aa', 'a']
    ])
  })

  it('writes bytes as GPT-2 does', () => {
    expect([0, 9, 10, 32, 33, 127, 173, 255].map(byte => byteCharacters[byte]).join('')).toBe('ĀĉĊĠ!ġŃÿ')
    expect(new Set(byteCharacters).size).toBe(256)
  })
})
