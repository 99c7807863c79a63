import { describe, expect, it } from 'vitest'
import { collect, countingTokenizer, folderOf } from '../test/helpers.js'
import { tokenizeDocuments } from './corpus.js'
import { readDocuments } from './documents.js'
import { loadCorpus } from './load-corpus.js'
import { splitPromptMarks } from './prompt-marks.js'

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
    ['a file without records', { 'a.txt': 'text' }, /^DATA_FILE_INVALID.*is a text without records/]
  ] as const)('are refused with %s', async ([, files, message]) => {
    await expect(read(files)).rejects.toThrow(message)
  })

  it.each([false, true])(
    'are marked token by token: BOS with the prompt, EOS with the completion (BOS %s)',
    async addBos => {
      const tokenizer = countingTokenizer({ addBos, addEos: true, eosId: 9 })
      const documents = [
        { text: 'abcd', prompt: 'ab', source: '0' },
        { text: 'xy', source: '1' },
        { text: 'klm', prompt: '', source: '2' }
      ]
      const corpus = await tokenizeDocuments(documents, tokenizer)
      const [first, plain, all] = [0, 1, 2].map(i => splitPromptMarks(corpus.document(i)))
      const bos = addBos ? [256] : []
      expect(Array.from(first.ids)).toEqual([...bos, ...Buffer.from('abcd'), 9])
      expect(Array.from(first.isPrompt ?? [])).toEqual([...bos.map(() => 1), 1, 1, 0, 0, 0])
      expect([Array.from(plain.ids), plain.isPrompt]).toEqual([[...bos, ...Buffer.from('xy'), 9], undefined])
      expect([Array.from(all.ids), Array.from(all.isPrompt ?? [])]).toEqual([
        [...bos, ...Buffer.from('klm'), 9],
        addBos ? [1, 0, 0, 0, 0] : []
      ])
    }
  )

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
    expect(Array.from(splitPromptMarks(corpus.document(0)).isPrompt ?? [])).toEqual([1, 0, 0])
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
    expect([again.digest, Array.from(again.document(0))]).toEqual([marked.digest, Array.from(marked.document(0))])
  })
})
