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
  for (const [name, content] of Object.entries(files)) await writeFile(join(folder, name), typeof content === 'string' ? content : JSON.stringify(content))
  return folder
}
const hello = [{ role: 'user', content: 'Hello' }]
const render = async (template: unknown, messages = hello) => (await loadChatTemplate(await folderOf({ 'tokenizer_config.json': { ...golden.tokens, chat_template: template } }))).render(messages)

// tools/golden/chat_templates.py
describe(`a conversation reads as in ${golden.origin}`, () => {
  test.each(golden.cases)('$name, $messages.length messages', async ({ template, messages, text }) => {
    expect(await render(template, messages)).toBe(text)
  })
})

describe('loadChatTemplate', () => {
  test('takes chat_template.jinja, or else the default of tokenizer_config.json, and tokens as text or object', async () => {
    const config = { bos_token: { content: '<b>', lstrip: false }, eos_token: null, chat_template: [{ name: 'tool_use', template: 'no' }, { name: 'default', template: '{{ bos_token }}{{ messages[0].content }}' }] }
    expect(await (await loadChatTemplate(await folderOf({ 'tokenizer_config.json': config }))).render(hello)).toBe('<b>Hello')
    expect(await (await loadChatTemplate(await folderOf({ 'tokenizer_config.json': config, 'chat_template.jinja': 'mine{{ bos_token }}' }))).render(hello)).toBe('mine<b>')
  })

  test('refuses a folder without one, and files that are wrong', async () => {
    const refused = async (files: Readonly<Record<string, unknown>>) => loadChatTemplate(await folderOf(files)).then(() => undefined, (error: { code?: string }) => error.code)
    expect(await refused({})).toBe('CHAT_TEMPLATE_NOT_FOUND')
    expect(await refused({ 'tokenizer_config.json': { chat_template: [{ name: 'rag', template: '' }] } })).toBe('CHAT_TEMPLATE_NOT_FOUND')
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

  test('never ends', async () => {
    const loop = '{%- for a in range(10000) -%}{%- for b in range(10000) -%}{%- for c in range(10000) -%}{%- endfor -%}{%- endfor -%}{%- endfor -%}'
    await expect(render(loop)).rejects.toMatchObject({ code: 'CHAT_TEMPLATE_INVALID', problem: expect.stringContaining('longer than 5 s') })
  }, 20_000)

  test('sees neither the environment nor objects of ours', async () => {
    expect(await render('{{ process }}{{ require }}{{ messages.__proto__ }}{{ "".constructor }}')).toBe('')
  })
})
