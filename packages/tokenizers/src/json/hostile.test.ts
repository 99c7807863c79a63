import { isSkipwiseError } from '@skipwise/core'
import { sharedFixture } from '@skipwise/testing'
import { readFileSync, existsSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { loadTokenizerJson } from '../index.js'

const LETTERS = Array.from('ab!xe é\u2581')
const model = {
  type: 'BPE',
  vocab: Object.fromEntries(LETTERS.map((letter, id) => [letter, id])),
  merges: [],
  unk_token: 'x'
}
const plain = {
  version: '1.0',
  added_tokens: [],
  normalizer: null,
  pre_tokenizer: null,
  post_processor: null,
  decoder: null,
  model
}

/** Opens a file and encodes a text: what each says. */
async function tryFile(file: object, text: string): Promise<readonly (string | undefined)[]> {
  const folder = await mkdtemp(join(tmpdir(), 'skipwise-hostile-'))
  onTestFinished(() => rm(folder, { recursive: true }))
  await writeFile(join(folder, 'tokenizer.json'), JSON.stringify(file))
  const codeOf = async (run: () => unknown): Promise<string | undefined> => {
    try {
      await run()
      return undefined
    } catch (error) {
      return isSkipwiseError(error) ? error.code : String(error)
    }
  }
  const opening: (string | undefined)[] = []
  opening.push(
    await codeOf(async () => {
      const tokenizer = await loadTokenizerJson(folder)
      opening.push(await codeOf(() => tokenizer.encode(text)))
    })
  )
  return opening.filter(code => code !== undefined)
}

const split = (...expressions: readonly string[]) => ({
  ...plain,
  pre_tokenizer: {
    type: 'Sequence',
    pretokenizers: expressions.map(Regex => ({
      type: 'Split',
      pattern: { Regex },
      behavior: 'Isolated',
      invert: false
    }))
  }
})
const replace = (String: string, content: string) => ({ type: 'Replace', pattern: { String }, content })
const normalize = (...normalizers: readonly object[]) => ({ ...plain, normalizer: { type: 'Sequence', normalizers } })

describe('a tokenizer.json that asks for no end of time is stopped', () => {
  test.each(['(a+)+$', '(a|a)*b', '(?:a*)*b', '(?=(a|aa)+b)x', '(?>(a+)+b)', '(?i:(a|A)*)*b'])(
    '%s',
    { timeout: 60_000 },
    async expression => {
      expect(await tryFile(split(expression), `${'a'.repeat(60)}!`)).toEqual(['TOKENIZER_UNSUPPORTED'])
    }
  )

  test('a replacement by an expression', { timeout: 60_000 }, async () => {
    const file = { ...plain, normalizer: { type: 'Replace', pattern: { Regex: '(a+)+$' }, content: 'b' } }
    expect(await tryFile(file, `${'a'.repeat(60)}!`)).toEqual(['TOKENIZER_UNSUPPORTED'])
  })

  test('an added token that a text nearly has everywhere', { timeout: 60_000 }, async () => {
    const long = {
      id: LETTERS.length,
      content: `${'a'.repeat(60_000)}b`,
      special: false,
      normalized: false,
      lstrip: false,
      rstrip: false,
      single_word: false
    }
    expect(await tryFile({ ...plain, added_tokens: [long] }, 'a'.repeat(1_000_000))).toEqual(['TOKENIZER_UNSUPPORTED'])
  })
})

describe('a tokenizer.json that asks for no end of memory is stopped', () => {
  const doubling = Array.from({ length: 30 }, () => replace('a', 'aa'))
  const decoding = { type: 'Sequence', decoders: doubling }
  test.each([
    ['doubling', normalize(...doubling), 'a'.repeat(100_000)],
    ['one long replacement', normalize(replace('a', 'b'.repeat(1_000_000))), 'a'.repeat(100_000)],
    [
      'a long text in front, many times',
      normalize(...Array.from({ length: 40 }, () => ({ type: 'Prepend', prepend: 'b'.repeat(1_000_000) }))),
      'a'
    ],
    ['bytes of bytes', normalize(...Array.from({ length: 40 }, () => ({ type: 'ByteLevel' }))), 'é'.repeat(10_000)],
    [
      'bytes of bytes of pieces',
      {
        ...plain,
        pre_tokenizer: {
          type: 'Sequence',
          pretokenizers: Array.from({ length: 30 }, () => ({
            type: 'ByteLevel',
            add_prefix_space: true,
            use_regex: false,
            trim_offsets: true
          }))
        }
      },
      'é'
    ],
    [
      'pieces that get more in front',
      {
        ...plain,
        pre_tokenizer: {
          type: 'Sequence',
          pretokenizers: Array.from({ length: 30 }, (_, i) =>
            i % 2
              ? { type: 'FixedLength', length: 1 }
              : {
                  type: 'Metaspace',
                  replacement: String.fromCharCode(0x100 + i),
                  prepend_scheme: 'always',
                  split: false
                }
          )
        }
      },
      'a'
    ],
    ['steps without end', normalize(...Array.from({ length: 1000 }, () => ({ type: 'NFC' }))), 'a']
  ])('%s', async (_, file, text) => {
    expect(await tryFile(file, text)).toEqual(['TOKENIZER_UNSUPPORTED'])
  })

  test('in decoding', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'skipwise-hostile-'))
    onTestFinished(() => rm(folder, { recursive: true }))
    await writeFile(join(folder, 'tokenizer.json'), JSON.stringify({ ...plain, decoder: decoding }))
    const tokenizer = await loadTokenizerJson(folder)
    expect(() => tokenizer.decode(new Int32Array(100_000))).toThrow(/^TOKENIZER_UNSUPPORTED.*replacements/)
  })
})

test('an expression that nobody knows, and that ends, is run, with the time that a long text needs', async () => {
  expect(await tryFile(split('a+b|x'), 'aab x'.repeat(200_000))).toEqual([])
})

const hostile = sharedFixture('../field/hostile')
const files = ['redos.json', 'replace-doubling.json'].filter(name => hostile && existsSync(join(hostile, name)))

test.skipIf(files.length < 2)(
  `reported files${files.length < 2 ? ' (skipped: there is no ../shared/field/hostile)' : ''}`,
  { timeout: 60_000 },
  async () => {
    for (const name of files) {
      const file = JSON.parse(readFileSync(join(hostile ?? '', name), 'utf8')) as object
      expect(await tryFile(file, `${'a'.repeat(name === 'redos.json' ? 60 : 100_000)}!`)).toContain(
        'TOKENIZER_UNSUPPORTED'
      )
    }
  }
)
