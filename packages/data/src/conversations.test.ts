import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { collect, countingTokenizer, folderOf } from '../test/helpers.js'
import type { ConversationRenderer } from './conversations.js'
import { readDocuments } from './documents.js'
import { loadCorpus } from './load-corpus.js'
import { conversationOfRow } from './parquet.js'

const lines = (...records: unknown[]) => records.map(record => JSON.stringify(record)).join('\n')
const user = (content: string) => ({ role: 'user', content })
const assistant = (content: string) => ({ role: 'assistant', content })

/** `u:content;` or `a:content;`, learned from behind the colon; one message is refused. */
const renderer = (digest = 'one'): ConversationRenderer & { lots: number[] } => {
  const lots: number[] = []
  return {
    digest,
    lots,
    async renderLearned(conversations) {
      lots.push(conversations.length)
      return conversations.map(json => {
        const { messages, tools = '' }: { messages: readonly { role: string; content: string }[]; tools?: unknown } =
          JSON.parse(json)
        let text = typeof tools === 'string' ? '' : JSON.stringify(tools)
        const learned: [number, number][] = []
        for (const { role, content } of messages) {
          if (content === 'refused') return { problem: 'no such words' }
          text += `${role[0]}:`
          if (role === 'assistant' && content !== 'silent')
            learned.push([text.length, text.length + content.length + 1])
          text += `${content};`
        }
        if (digest !== 'apart') return { texts: [{ text, learned }] }
        return { texts: learned.map(span => ({ text, learned: [span] })) }
      })
    }
  }
}
const read = async (files: Record<string, string>, conversations: ConversationRenderer | undefined = renderer()) =>
  collect(readDocuments(['*'], { baseFolder: await folderOf(files), format: 'messages', conversations }))

describe('records with messages', () => {
  it('are texts of which the assistant’s turns are learned, in lots', async () => {
    const many = Array.from({ length: 300 }, (_, i) => ({ messages: [user(`${i}`), assistant('yes')] }))
    const conversations = renderer()
    const documents = await read(
      {
        'a.jsonl': lines({ messages: [user('q'), assistant('one'), user('r'), assistant('two')] }),
        'b.jsonl': lines(...many)
      },
      conversations
    )
    expect(documents[0]).toEqual({
      text: 'u:q;a:one;u:r;a:two;',
      learned: [
        [6, 10],
        [16, 20]
      ],
      source: 'a.jsonl:1'
    })
    expect([documents.length, documents[300].source, documents[300].text]).toEqual([301, 'b.jsonl:300', 'u:299;a:yes;'])
    expect(conversations.lots).toEqual([256, 45])
  })

  it.for([
    ['no messages', { text: 't' }, /there is no key 'messages', only text/],
    ['messages that are no list', { messages: 'hi' }, /the value of 'messages' is not a list/],
    ['a message that is no object', { messages: ['hi'] }, /messages\[0\] is not an object/],
    ['a missing role', { messages: [{ content: 'hi' }] }, /messages\[0\] has no role/],
    ['a missing content', { messages: [user('hi'), { role: 'assistant' }] }, /messages\[1\] has no content/],
    [
      'a content that is no text',
      { messages: [user('hi'), { role: 'assistant', content: null }] },
      /the content of messages\[1\] is not a string/
    ],
    [
      'a content of nothing next to no calls',
      { messages: [user('hi'), { role: 'assistant', content: null, tool_calls: [] }] },
      /the content of messages\[1\] is not a string/
    ],
    [
      'a part of another type',
      {
        messages: [
          {
            role: 'user',
            content: [
              { type: 'text', text: 'hi' },
              { type: 'image', url: 'u' }
            ]
          }
        ]
      },
      /part 1 of the content of messages\[0\] is of type 'image', and only text is supported/
    ],
    [
      'a part without a type',
      { messages: [{ role: 'user', content: ['hi'] }] },
      /part 0 of the content of messages\[0\] has no type/
    ],
    [
      'a part without a text',
      { messages: [{ role: 'user', content: [{ type: 'text' }] }] },
      /part 0 of the content of messages\[0\] has no text/
    ],
    ['no assistant', { messages: [user('hi')] }, /no message has the role 'assistant'/],
    ['none at all', { messages: [] }, /no message has the role 'assistant'/],
    [
      'what the template refuses',
      { messages: [user('refused'), assistant('a')] },
      /the chat template cannot render the messages: no such words/
    ],
    [
      'an assistant that the template leaves out',
      { messages: [user('q'), assistant('silent')] },
      /the chat template renders nothing that the assistant says/
    ]
  ] as const)('are refused with %s, by line', async ([, record, message]) => {
    const good = { messages: [user('q'), assistant('a')] }
    await expect(read({ 'a.jsonl': lines(good, good, record) })).rejects.toThrow(
      new RegExp(`^DATA_LINE_INVALID.*a\\.jsonl:3: ${message.source}`)
    )
  })

  it('go to the template as the file spells them, with tools, parts and calls without content', async () => {
    const heard: string[] = []
    const conversations: ConversationRenderer = {
      digest: '',
      renderLearned: async all => all.map(json => (heard.push(json), { texts: [{ text: 'ab', learned: [[0, 1]] }] }))
    }
    const line =
      '{"messages": [{"role": "assistant", "content": null, "tool_calls": [{"x": 1.0, "n": 12345678901234567890}]}], "tools": [{"10": 1, "2": 1}]}'
    await read({ 'a.jsonl': line, 'b.json': `[${line},\n ${line}]` }, conversations)
    expect(heard).toEqual([line, line, `\n ${line}`])
  })

  it('of Parquet have every digit, and no number that could be another', async () => {
    const heard: string[] = []
    const conversations: ConversationRenderer = {
      digest: '',
      renderLearned: async all => all.map(json => (heard.push(json), { texts: [{ text: 'ab', learned: [[0, 1]] }] }))
    }
    const golden = readFileSync(join(import.meta.dirname, '../test/golden/conversations.parquet'))
    await expect(
      collect(
        readDocuments(['*'], { baseFolder: await folderOf({ 'a.parquet': golden }), format: 'messages', conversations })
      )
    ).rejects.toThrow(/^DATA_LINE_INVALID.*a\.parquet:2: the number 2 can be an integer or a float/)
    const call = '{"x": 0.5, "n": 1234567890123456789}'
    expect(
      conversationOfRow(
        { messages: [{ role: 'assistant', content: null, call: { x: 0.5, n: 1234567890123456789n } }], other: 1 },
        new Set(['messages'])
      )
    ).toBe(`{"messages": [{"role": "assistant", "content": null, "call": ${call}}]}`)
    expect(heard).toEqual([])
  })

  it('are one document an answer where the template says so, by their places', async () => {
    const documents = await read(
      { 'a.jsonl': lines({ messages: [user('q'), assistant('one'), user('r'), assistant('two')] }) },
      renderer('apart')
    )
    expect(documents.map(({ source, learned }) => [source, learned])).toEqual([
      ['a.jsonl:1#1', [[6, 10]]],
      ['a.jsonl:1#2', [[16, 20]]]
    ])
  })

  it('are refused in a text file, and without a template', async () => {
    await expect(read({ 'a.txt': 'text' })).rejects.toThrow(/^DATA_FILE_INVALID.*is plain text, and only records/)
    await expect(
      collect(
        readDocuments(['*'], { baseFolder: await folderOf({ 'a.jsonl': lines({ messages: [] }) }), format: 'messages' })
      )
    ).rejects.toThrow(/^DATA_NO_TEMPLATE/)
  })

  it('spell their special tokens themselves, and say what is learned', async () => {
    const baseFolder = await folderOf({
      'a.jsonl': lines({ messages: [user('q'), assistant('é'), user('r')] }, { messages: [assistant('b')] })
    })
    const corpus = await loadCorpus(['*'], countingTokenizer({ addBos: true, addEos: true, eosId: 9 }), {
      baseFolder,
      format: 'messages',
      conversations: renderer()
    })
    expect(Array.from(corpus.document(0))).toEqual([...Buffer.from('u:q;a:é;u:r;')])
    expect(Array.from(corpus.learned(0) ?? [])).toEqual([0, 0, 0, 0, 0, 0, 1, 1, 1, 0, 0, 0, 0])
    expect(Array.from(corpus.learned(1) ?? [])).toEqual([0, 0, 1, 1])
  })

  it('are kept by the digest of their template', async () => {
    const baseFolder = await folderOf({ 'in/a.jsonl': lines({ messages: [user('q'), assistant('a')] }) })
    const load = async (digest: string) => {
      const conversations = renderer(digest)
      await loadCorpus(['in/*'], countingTokenizer(), {
        baseFolder,
        cacheFolder: `${baseFolder}/cache`,
        format: 'messages',
        conversations
      })
      return conversations.lots.length
    }
    expect([await load('one'), await load('one'), await load('two')]).toEqual([1, 0, 1])
  })
})
