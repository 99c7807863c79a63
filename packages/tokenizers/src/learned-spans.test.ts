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
const user = (content: string, more: object = {}) => ({ role: 'user', content, ...more }), assistant = (content: string, more: object = {}) => ({ role: 'assistant', content, ...more })
const learnedOf = async (template: string, ...messages: readonly { role: string; content: string }[]) => {
  const [rendered] = await (await load(template)).renderLearned([messages])
  return 'problem' in rendered ? rendered.problem : rendered.learned.map(([start, end]) => rendered.text.slice(start, end))
}
const turns = (answer: string, asked = '') => `{% for message in messages %}{% if message.role == 'assistant' %}${answer}{% else %}[{{ message.content }}]{% endif %}{% endfor %}${asked && `{% if add_generation_prompt %}${asked}{% endif %}`}`

// equality with transformers: tools/composition/src/chat-masks.test.ts
describe('what the assistant wrote of a conversation', () => {
  test('is what a template says that it generates, whoever says it', async () => {
    expect(await learnedOf('{{ bos }}{% for message in messages %}{{ message.content }}{%- generation -%}  ({{ message.role }}) {% endgeneration %}|{% endfor %}', user('q'), assistant('a'))).toEqual(['(user) ', '(assistant) '])
    expect(await learnedOf('{% for message in messages %}{% generation %}{% endgeneration %}{% endfor %}', assistant('a'))).toEqual([])
  })

  test('is what an answer adds: without newlines behind the token that ends it, with them where there is none, without a header', async () => {
    const end = "{{ message.content + eos_token + '\n' }}", header = "{{ 'assistant: ' }}"
    expect(await learnedOf(turns(`${header}${end}`, header), user('q'), assistant('one\n'), user('r'), assistant(''))).toEqual(['one\n</s>', '</s>'])
    expect(await learnedOf(turns(`${header}${end}`), user('q'), assistant('assistant'))).toEqual(['assistant</s>'])
    expect(await learnedOf(turns(`${header}{{ message.content + '\n\n' }}`, header), user('q'), assistant('one'), user('r'))).toEqual(['one\n\n'])
    expect(await learnedOf(turns(' {{ message.content | trim }} '), user('q'), assistant(' one '), user('r'))).toEqual([' one '])
  })

  test('has what a model thinks before it answers, when the template writes that', async () => {
    expect(await learnedOf(turns("A:<think>{{ message.thoughts }}</think>{{ message.content + eos_token }}", 'A:'), user('q'), assistant('yes', { thoughts: 'hm' }))).toEqual(['<think>hm</think>yes</s>'])
  })

  test('is unclear, and this is said, where later messages change earlier answers, or content is written another way', async () => {
    const fading = turns("{{ 'A:' + message.content if loop.last else 'A:…' }}", 'A:')
    expect(await learnedOf(fading, user('q'), assistant('one'))).toEqual(['one'])
    expect(await learnedOf(fading, user('q'), assistant('one'), user('r'))).toMatch(/put {% generation %}/)
    expect(await learnedOf(turns('A:{{ message.content | length }}'), user('q'), assistant('one'))).toMatch(/put {% generation %}/)
  })

  test('is a problem of that conversation alone when the template refuses it', async () => {
    const template = await load("{% for message in messages %}{{ raise_exception('no ' + message.role) if message.role == 'tool' else message.content }}{% endfor %}")
    expect(await template.renderLearned([[user('q'), { role: 'tool', content: '' }, assistant('a')], [user('q'), assistant('a')]])).toEqual([{ problem: expect.stringContaining('no tool') }, { text: 'qa', learned: [[1, 2]] }])
    expect(await template.renderLearned([])).toEqual([])
    await expect((await load('{%- for i in range(1000000000) -%}x{%- endfor -%}')).renderLearned([[assistant('a')]])).rejects.toMatchObject({ code: 'CHAT_TEMPLATE_INVALID' })
  })

  test('has a digest of the template and its tokens', async () => {
    const [one, again, other] = [await load('a'), await load('a'), await load('b')]
    expect([one.digest === again.digest, one.digest === other.digest]).toEqual([true, false])
  })
})
