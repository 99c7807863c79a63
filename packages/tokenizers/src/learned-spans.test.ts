import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { loadChatTemplate } from './chat-template.js'

let folder = ''
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'skipwise-learned-'))
})
afterAll(() => rm(folder, { recursive: true }))

const load = async (template: string) => {
  await writeFile(join(folder, 'tokenizer_config.json'), JSON.stringify({ eos_token: '</s>', chat_template: template }))
  return loadChatTemplate(folder)
}
const user = (content: string, more: object = {}) => ({ role: 'user', content, ...more })
const assistant = (content: string, more: object = {}) => ({ role: 'assistant', content, ...more })
const learnedOf = async (template: string, ...messages: readonly { role: string; content: unknown }[]) => {
  const [rendered] = await (await load(template)).renderLearned([JSON.stringify({ messages })])
  if ('problem' in rendered) return rendered.problem
  return rendered.texts.flatMap(({ text, learned }) => learned.map(([start, end]) => text.slice(start, end)))
}
const textsOf = async (template: string, record: object) => {
  const [rendered] = await (await load(template)).renderLearned([JSON.stringify(record)])
  return 'problem' in rendered ? rendered.problem : rendered.texts.map(({ text }) => text)
}
const turns = (answer: string, asked = '') =>
  `{% for message in messages %}{% if message.role == 'assistant' %}${answer}{% else %}[{{ message.content }}]{% endif %}{% endfor %}${asked && `{% if add_generation_prompt %}${asked}{% endif %}`}`

// equality with transformers: tools/composition/src/chat-masks.test.ts
describe('what the assistant wrote of a conversation', () => {
  test('is what a template says that it generates, whoever says it', async () => {
    expect(
      await learnedOf(
        '{{ bos }}{% for message in messages %}{{ message.content }}{%- generation -%}  ({{ message.role }}) {% endgeneration %}|{% endfor %}',
        user('q'),
        assistant('a')
      )
    ).toEqual(['(user) ', '(assistant) '])
    expect(
      await learnedOf('{% for message in messages %}{% generation %}{% endgeneration %}{% endfor %}', assistant('a'))
    ).toEqual([])
  })

  test('is what an answer adds: without newlines behind the token that ends it, with them where there is none, without a header', async () => {
    const end = "{{ message.content + eos_token + '\n' }}"
    const header = "{{ 'assistant: ' }}"
    expect(
      await learnedOf(turns(`${header}${end}`, header), user('q'), assistant('one\n'), user('r'), assistant(''))
    ).toEqual(['one\n</s>', '</s>'])
    expect(await learnedOf(turns(`${header}${end}`), user('q'), assistant('assistant'))).toEqual(['assistant</s>'])
    expect(
      await learnedOf(turns(`${header}{{ message.content + '\n\n' }}`, header), user('q'), assistant('one'), user('r'))
    ).toEqual(['one\n\n'])
    expect(await learnedOf(turns(' {{ message.content | trim }} '), user('q'), assistant(' one '), user('r'))).toEqual([
      ' one '
    ])
  })

  test('has what a model thinks before it answers, when the template writes that', async () => {
    expect(
      await learnedOf(
        turns('A:<think>{{ message.thoughts }}</think>{{ message.content + eos_token }}', 'A:'),
        user('q'),
        assistant('yes', { thoughts: 'hm' })
      )
    ).toEqual(['<think>hm</think>yes</s>'])
  })

  test('is of one text an answer where later messages change earlier answers', async () => {
    const fading = turns("{{ 'A:' + message.content if loop.last else 'A:…' }}", 'A:')
    const conversation = [user('q'), assistant('one'), user('r'), assistant('two')]
    expect(await learnedOf(fading, user('q'), assistant('one'))).toEqual(['one'])
    expect(await learnedOf(fading, ...conversation)).toEqual(['one', 'two'])
    expect(await textsOf(fading, { messages: conversation })).toEqual(['[q]A:one', '[q]A:…[r]A:two'])
    expect(await textsOf(fading, { messages: [user('q'), assistant('one'), user('r')] })).toEqual(['[q]A:one'])
  })

  test('is unclear, and this is said, where content is written another way', async () => {
    expect(await learnedOf(turns('A:{{ message.content | length }}'), user('q'), assistant('one'))).toMatch(
      /put {% generation %}/
    )
  })

  test('begins behind the header where the beginning of an answer holds more than that', async () => {
    const thinking = turns("<A>{{ message.content.split('</think>')[-1] }}<E>", '<A><think>\n')
    expect(
      await learnedOf(thinking, user('q'), assistant('<think>\nhm</think>one'), user('r'), assistant('<two'))
    ).toEqual(['one<E>', '<two<E>'])
  })

  test('is what stands in {% generation %}, which may not be written apart', async () => {
    expect(
      await learnedOf('{% macro m() %}{% generation %}a{% endgeneration %}{% endmacro %}{{ m() }}', assistant('a'))
    ).toMatch(/has no known place/)
  })

  test('is a problem of that conversation alone when the template refuses it', async () => {
    const template = await load(
      "{% for message in messages %}{{ raise_exception('no ' + message.role) if message.role == 'tool' else message.content }}{% endfor %}"
    )
    const refused = { messages: [user('q'), { role: 'tool', content: '' }, assistant('a')] }
    const taken = { messages: [user('q'), assistant('a')] }
    expect(await template.renderLearned([refused, taken].map(each => JSON.stringify(each)))).toEqual([
      { problem: expect.stringContaining('no tool') },
      { texts: [{ text: 'qa', learned: [[1, 2]] }] }
    ])
    expect(await template.renderLearned([])).toEqual([])
    const endless = await load(
      '{%- for i in range(99999) -%}{%- for j in range(99999) -%}x{%- endfor -%}{%- endfor -%}'
    )
    expect(await endless.renderLearned([JSON.stringify({ messages: [assistant('a')] })])).toEqual([
      { problem: expect.stringContaining('steps') }
    ])
  })

  test('has the tools of a record, as a list or as its JSON, and other variables', async () => {
    const template = '{% if tools is not none %}{{ tools | tojson }}{% endif %}{{ mood }}{{ messages[0].content }}'
    const messages = [assistant('a')]
    expect(await textsOf(template, { messages })).toEqual(['a'])
    expect(await textsOf(template, { messages, tools: null })).toEqual(['a'])
    expect(await textsOf(template, { messages, tools: [{ name: 'f' }] })).toEqual(['[{"name": "f"}]a'])
    expect(await textsOf(template, { messages, tools: '[{"name": "f", "x": 1.0}]' })).toEqual([
      '[{"name": "f", "x": 1.0}]a'
    ])
    expect(await textsOf(template, { messages, chat_template_kwargs: { mood: 'calm ' } })).toEqual(['calm a'])
    expect(await textsOf(template, { messages, tools: [1] })).toMatch(/tools are not a list of objects/)
    expect(await textsOf(template, { messages, chat_template_kwargs: { messages: [] } })).toMatch(
      /cannot set 'messages'/
    )
  })

  test('has numbers and keys as the record spells them, a missing content, and parts', async () => {
    const record =
      '{"messages": [{"role": "assistant", "content": null, "tool_calls": [{"b": 1.0, "10": 12345678901234567890, "2": [1e-7]}]}]}'
    const [rendered] = await (
      await load('{{ messages[0].content }}{{ messages[0].tool_calls }}{% generation %}x{% endgeneration %}')
    ).renderLearned([record])
    expect(rendered).toEqual({
      texts: [{ text: "None[{'b': 1.0, '10': 12345678901234567890, '2': [1e-07]}]x", learned: [[58, 59]] }]
    })
    const parts =
      "{% for message in messages %}{{ 'A:' if message.role == 'assistant' }}{% if message.content is string %}{{ message.content }}{% else %}{% for part in message.content %}{{ part.text }}{% endfor %}{% endif %};{% endfor %}"
    expect(
      await learnedOf(parts, user('q'), {
        role: 'assistant',
        content: [
          { type: 'text', text: 'a' },
          { type: 'text', text: 'b' }
        ]
      })
    ).toEqual(['ab;'])
  })

  test('has a digest of the template and its tokens', async () => {
    const [one, again, other] = [await load('a'), await load('a'), await load('b')]
    expect([one.digest === again.digest, one.digest === other.digest]).toEqual([true, false])
  })
})
