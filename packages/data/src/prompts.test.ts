import { createHash } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { collect, countingTokenizer, folderOf } from '../test/helpers.js'
import { tokenizeDocuments } from './corpus.js'
import { readDocuments, type TextDocument } from './documents.js'
import { loadCorpus } from './load-corpus.js'
import { exampleOrder, splitDocuments } from './order.js'

const lines = (...records: object[]) => records.map(record => JSON.stringify(record)).join('\n')
const read = async (files: Record<string, string>) =>
  collect(readDocuments(['*'], { baseFolder: await folderOf(files), format: 'prompt-completion' }))

describe('records with a prompt and a completion', () => {
  it('are one text each, which begins with the prompt', async () => {
    expect(
      await read({
        'a.jsonl': lines({ prompt: 'Q: 1?', completion: ' A: 2' }, { prompt: '', completion: 'all of it' })
      })
    ).toEqual([
      { text: 'Q: 1? A: 2', prompt: 'Q: 1?', source: 'a.jsonl:1' },
      { text: 'all of it', prompt: '', source: 'a.jsonl:2' }
    ])
  })

  it.for([
    [
      'a missing completion',
      { 'a.jsonl': lines({ prompt: 'p', text: 't' }) },
      /^DATA_LINE_INVALID.*a\.jsonl:1: there is no key 'completion', only prompt, text/
    ],
    [
      'a prompt that is no text',
      { 'a.jsonl': lines({ prompt: ['p'], completion: 'c' }) },
      /^DATA_LINE_INVALID.*the value of 'prompt' is not a string/
    ],
    [
      'an empty completion',
      { 'a.jsonl': lines({ prompt: 'p', completion: '' }) },
      /^DATA_LINE_INVALID.*'completion' is empty/
    ],
    ['a file without records', { 'a.txt': 'text' }, /^DATA_FILE_INVALID.*is plain text, and only records/]
  ] as const)('are refused with %s', async ([, files, message]) => {
    await expect(read(files)).rejects.toThrow(message)
  })

  it.each([false, true])(
    'say of each token whether it is learned: BOS with the prompt, EOS with the completion (BOS %s)',
    async addBos => {
      const tokenizer = countingTokenizer({ addBos, addEos: true, eosId: 9 })
      const documents = [
        { text: 'abcd', prompt: 'ab', source: '0' },
        { text: 'xy', source: '1' },
        { text: 'klm', prompt: '', source: '2' }
      ]
      const corpus = await tokenizeDocuments(documents, tokenizer)
      const bos = addBos ? [256] : []
      expect([0, 1, 2].map(i => Array.from(corpus.document(i)))).toEqual(
        ['abcd', 'xy', 'klm'].map(text => [...bos, ...Buffer.from(text), 9])
      )
      expect([0, 1, 2].map(i => Array.from(corpus.learned(i) ?? []))).toEqual([
        [...bos.map(() => 0), 0, 0, 1, 1, 1],
        [...bos.map(() => 1), 1, 1, 1],
        [...bos.map(() => 0), 1, 1, 1, 1]
      ])
    }
  )

  it('leave a corpus without prompts without flags', async () => {
    const corpus = await tokenizeDocuments([{ text: 'abcd', source: '0' }], countingTokenizer())
    expect(corpus.learned(0)).toBeUndefined()
    expect(exampleOrder(corpus, { seed: 0, epoch: 0 }).learned(0)).toBeUndefined()
  })

  it('are followed by what is learned in subsets, and in spans of an epoch', async () => {
    // capital letters are a prompt: an id tells whether it is learned
    const documents = Array.from({ length: 9 }, (_, i) => ({
      text: 'ABCDEFG'.slice(i % 5) + 'abcdefghi'.slice(i),
      prompt: 'ABCDEFG'.slice(i % 5),
      source: `${i}`
    }))
    const { train, heldOut } = splitDocuments(await tokenizeDocuments(documents, countingTokenizer()), {
      holdOut: 3,
      seed: 1
    })
    const isLearned = (ids: Int32Array) => Uint8Array.from(ids, id => Number(id >= 97))
    for (const corpus of [train, heldOut]) {
      const order = exampleOrder(corpus, { seed: 2, epoch: 1, spanTokens: 4 })
      expect(order.length).toBeGreaterThan(corpus.length)
      for (let i = 0; i < order.length; i++) expect(order.learned(i)).toEqual(isLearned(order.ids(i)))
      for (let i = 0; i < corpus.length; i++) expect(corpus.learned(i)).toEqual(isLearned(corpus.document(i)))
    }
  })

  it('of many documents are kept while the buffer grows', async () => {
    const documents = [
      { text: 'x'.repeat(50_000), source: '0' },
      { text: 'pc', prompt: 'p', source: '1' },
      { text: 'y'.repeat(200_000), source: '2' }
    ]
    const corpus = await tokenizeDocuments(documents, countingTokenizer())
    const learnedOf = (index: number) => corpus.learned(index)?.reduce((sum, flag) => sum + flag, 0)
    expect([learnedOf(0), Array.from(corpus.learned(1) ?? []), learnedOf(2)]).toEqual([50_000, [0, 1], 200_000])
  })

  it('give a token that holds characters of both to the completion', async () => {
    // pairs of characters are tokens: 'abc' ends in the middle of 'cd'
    const pairs = countingTokenizer({
      encode: text =>
        Int32Array.from(
          { length: Math.ceil(text.length / 2) },
          (_, i) => text.charCodeAt(2 * i) * 256 + (text.charCodeAt(2 * i + 1) || 0)
        )
    })
    const corpus = await tokenizeDocuments([{ text: 'abcdef', prompt: 'abc', source: '' }], pairs)
    expect(Array.from(corpus.learned(0) ?? [])).toEqual([0, 1, 1])
  })

  it('have a digest and a cache of their own', async () => {
    const baseFolder = await folderOf({ 'in/a.jsonl': lines({ prompt: 'p', completion: 'c', text: 'pc' }) })
    const load = (format: 'text' | 'prompt-completion') =>
      loadCorpus(['in/*'], countingTokenizer(), { baseFolder, cacheFolder: `${baseFolder}/cache`, format })
    const [plain, marked, again] = [
      await load('text'),
      await load('prompt-completion'),
      await load('prompt-completion')
    ]
    expect(marked.digest).not.toBe(plain.digest)
    expect([again.digest, again.document(0), again.learned(0)]).toEqual([
      marked.digest,
      marked.document(0),
      Uint8Array.of(0, 1)
    ])
  })

  // digests of 995e99c, whose ids had bit 30 where a token was not learned: a run that was begun then goes on
  it('have the digest that they always had', async () => {
    const digest = async (documents: readonly TextDocument[]) =>
      (await tokenizeDocuments(documents, countingTokenizer())).digest
    expect(
      await digest([
        { text: 'abcd', prompt: 'ab', source: '0' },
        { text: 'xy', source: '1' },
        { text: 'klm', prompt: '', source: '2' }
      ])
    ).toBe('44f29476bfafef4cf8cc540e913202454083b1c8c3c206cb0352f5fe4ed6c6dd')
    expect(
      await digest([
        { text: 'abcd', source: '0' },
        { text: 'xy', source: '1' }
      ])
    ).toBe('82543fb805adfcfe8ae27094f6996813e0d0a50b55e1a57ff8f5949e7b9be83e')
  })

  it('have the digest of their whole, in however many pieces it is made', async () => {
    const documents = [{ text: 'p'.repeat(70_000) + 'c'.repeat(70_000), prompt: 'p'.repeat(70_000), source: '0' }]
    const corpus = await tokenizeDocuments(documents, countingTokenizer())
    const ids = corpus.document(0).map((id, t) => (corpus.learned(0)?.[t] ? id : id + 2 ** 30))
    const hash = createHash('sha256').update(Float64Array.of(140_000)).update(ids)
    expect(corpus.digest).toBe(hash.digest('hex'))
  })
})
