import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import golden from '../test/golden/chat-templates.json' with { type: 'json' }
import { loadChatTemplate } from './chat-template.js'

const folders: string[] = []
afterAll(() => Promise.all(folders.map(folder => rm(folder, { recursive: true }))))

async function folderOf(files: Readonly<Record<string, unknown>>): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'skipwise-chat-'))
  folders.push(folder)
  for (const [name, content] of Object.entries(files))
    await writeFile(join(folder, name), typeof content === 'string' ? content : JSON.stringify(content))
  return folder
}
const hello = [{ role: 'user', content: 'Hello' }]
const render = async (template: unknown, messages = hello) =>
  (
    await loadChatTemplate(await folderOf({ 'tokenizer_config.json': { ...golden.tokens, chat_template: template } }))
  ).render(messages)

// tools/golden/chat_templates.py
describe(`a conversation reads as in ${golden.origin}`, () => {
  test.each(golden.cases)('$name, $messages.length messages', async ({ template, messages, text }) => {
    expect(await render(template, messages)).toBe(text)
  })
})

describe('loadChatTemplate', () => {
  test('takes chat_template.jinja, or else the default of tokenizer_config.json, and tokens as text or object', async () => {
    const config = {
      bos_token: { content: '<b>', lstrip: false },
      eos_token: null,
      chat_template: [
        { name: 'tool_use', template: 'no' },
        { name: 'default', template: '{{ bos_token }}{{ messages[0].content }}' }
      ]
    }
    expect(await (await loadChatTemplate(await folderOf({ 'tokenizer_config.json': config }))).render(hello)).toBe(
      '<b>Hello'
    )
    expect(
      await (
        await loadChatTemplate(
          await folderOf({ 'tokenizer_config.json': config, 'chat_template.jinja': 'mine{{ bos_token }}' })
        )
      ).render(hello)
    ).toBe('mine<b>')
  })

  test('knows the tokens of the other places that transformers reads', async () => {
    const template = '{{ bos_token }}{{ image_token }}{{ mask_token }}{{ add_bos_token }}'
    const files = { 'chat_template.jinja': template }
    const config = {
      bos_token: '<b>',
      mask_token: { content: '<m>' },
      add_bos_token: true,
      extra_special_tokens: { image_token: '<i>' }
    }
    expect(
      await (await loadChatTemplate(await folderOf({ ...files, 'tokenizer_config.json': config }))).render(hello)
    ).toBe('<b><i><m>')
    const legacy = { 'special_tokens_map.json': { bos_token: { content: '<c>' } } }
    expect(
      await (
        await loadChatTemplate(await folderOf({ ...files, ...legacy, 'tokenizer_config.json': config }))
      ).render(hello)
    ).toBe('<c><i><m>')
    expect(
      await (
        await loadChatTemplate(
          await folderOf({ ...files, ...legacy, 'tokenizer_config.json': { ...config, added_tokens_decoder: {} } })
        )
      ).render(hello)
    ).toBe('<b><i><m>')
  })

  test('takes the template for tools where there are some', async () => {
    const config = {
      chat_template: [
        { name: 'tool_use', template: 'tools{% generation %}a{% endgeneration %}' },
        { name: 'default', template: 'none{% generation %}a{% endgeneration %}' }
      ]
    }
    const template = await loadChatTemplate(await folderOf({ 'tokenizer_config.json': config }))
    const texts = await template.renderLearned([
      JSON.stringify({ messages: hello }),
      JSON.stringify({ messages: hello, tools: [] })
    ])
    expect(texts.map(each => ('texts' in each ? each.texts[0].text : each))).toEqual(['nonea', 'toolsa'])
  })

  test('refuses a folder without one, and files that are wrong', async () => {
    const refused = async (files: Readonly<Record<string, unknown>>) =>
      loadChatTemplate(await folderOf(files)).then(
        () => undefined,
        (error: { code?: string }) => error.code
      )
    expect(await refused({})).toBe('CHAT_TEMPLATE_NOT_FOUND')
    expect(await refused({ 'tokenizer_config.json': { chat_template: [{ name: 'rag', template: '' }] } })).toBe(
      'CHAT_TEMPLATE_NOT_FOUND'
    )
    expect(await refused({ 'tokenizer_config.json': '{' })).toBe('CHAT_TEMPLATE_INVALID')
    expect(await refused({ 'tokenizer_config.json': { chat_template: 3 } })).toBe('CHAT_TEMPLATE_INVALID')
    expect(await refused({ 'chat_template.jinja': ' '.repeat(2 ** 20 + 1) })).toBe('FILE_REFUSED')
  })
})

describe('a template from a stranger', () => {
  test.each([
    ['asks for no end of memory', '{%- for i in range(1000000000) -%}x{%- endfor -%}'],
    ['does not parse', '{% for %}'],
    ['calls what it may not', "{{ messages.constructor.constructor('return process')() }}"],
    ['raises', "{{ raise_exception('roles must alternate') }}"]
  ])('%s', async (_, template) => {
    await expect(render(template)).rejects.toMatchObject({ code: 'CHAT_TEMPLATE_INVALID' })
  })

  test.each([
    [
      'never ends',
      '{%- for a in range(10000) -%}{%- for b in range(10000) -%}{%- for c in range(10000) -%}{%- endfor -%}{%- endfor -%}{%- endfor -%}',
      /steps/
    ],
    [
      'doubles a text',
      "{% set ns = namespace(x='ab') %}{% for i in range(99) %}{% set ns.x = ns.x ~ ns.x %}{% endfor %}",
      /characters/
    ],
    [
      'doubles a list',
      '{% set ns = namespace(x=[1]) %}{% for i in range(99) %}{% set ns.x = ns.x + ns.x %}{% endfor %}',
      /steps/
    ],
    ['repeats a text', "{{ 'x' * 10 ** 12 }}", /characters/],
    ['pads a text', "{{ 'x'.center(10 ** 12) }}", /characters/],
    ['formats a number wide', "{{ '%999999999999d' % 1 }}", /characters/],
    ['indents', "{{ {'a': 1} | tojson(indent=10 ** 12) }}", /characters/],
    ['replaces', "{{ ('x' * 1000000) | replace('x', 'y' * 1000000) }}", /characters/],
    ['makes a large number', '{{ 9 ** 99999999 }}', /large/],
    ['fills a batch', '{{ [1] | batch(10 ** 12, 0) | list }}', /steps/],
    ['nests brackets', `{{ ${'('.repeat(100000)}1${')'.repeat(100000)} }}`, /nested levels/],
    ['adds a hundred thousand times', `{{ 1${' + 1'.repeat(100000)} }}`, /too many|steps/],
    ['calls itself', '{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}', /deep/]
  ] as const)(
    '%s',
    async (_, template, problem) => {
      await expect(render(template)).rejects.toMatchObject({
        code: 'CHAT_TEMPLATE_INVALID',
        problem: expect.stringMatching(problem)
      })
    },
    20_000
  )

  test('sees neither the environment nor objects of ours', async () => {
    expect(
      await render(
        '{{ process }}{{ require }}{{ messages.__proto__ }}{{ "".constructor }}{{ messages[0].constructor }}{{ range.constructor }}'
      )
    ).toBe('')
  })
})
