import { SkipwiseError, validate } from '@skipwise/core'
import { readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import { renderTemplate } from './render-template.js'

/** A message of a conversation. */
export interface ChatMessage {
  /** Usually `system`, `user` or `assistant`. */
  readonly role: string
  readonly content: string
}

/** Makes a prompt of a conversation, as the model was trained to see it. */
export interface ChatTemplate {
  /**
   * The text of the messages, and of the beginning of an answer. It spells its special tokens, BOS too: encode it as it is.
   *
   * @throws SkipwiseError `CHAT_TEMPLATE_INVALID`
   */
  render(messages: readonly ChatMessage[]): Promise<string>
}

/** Templates in use take some kilobytes. */
const MAX_BYTES = 2 ** 20, MAX_JSON_BYTES = 2 ** 26

const specialToken = z.union([z.string(), z.looseObject({ content: z.string() }).transform(token => token.content)])
const configSchema = z.looseObject({
  chat_template: z.union([z.string(), z.array(z.looseObject({ name: z.string(), template: z.string() }))]).nullish(),
  ...Object.fromEntries(['bos_token', 'eos_token', 'unk_token', 'pad_token'].map(name => [name, specialToken.nullish()]))
})

/**
 * The chat template of a model folder: `chat_template.jinja`, or else `chat_template` of `tokenizer_config.json`, the one named `default`
 * where there are several. It is rendered by @huggingface/jinja with `messages`, `add_generation_prompt` and the special tokens, as
 * transformers does, but in a thread that may use little memory and time: a template is a stranger's program.
 *
 * @throws SkipwiseError `CHAT_TEMPLATE_NOT_FOUND`, `CHAT_TEMPLATE_INVALID`
 */
export async function loadChatTemplate(folder: string): Promise<ChatTemplate> {
  const configFile = join(folder, 'tokenizer_config.json'), text = await readLimited(configFile, MAX_JSON_BYTES)
  const config = validate(configSchema, text === undefined ? {} : parseJson(text, configFile), 'CHAT_TEMPLATE_INVALID', configFile)
  const own = await readLimited(join(folder, 'chat_template.jinja'), MAX_BYTES), { chat_template, ...rest } = config
  const source = own ?? (Array.isArray(chat_template) ? chat_template.find(({ name }) => name === 'default')?.template : chat_template)
  if (source === undefined || source === null) {
    throw new SkipwiseError('CHAT_TEMPLATE_NOT_FOUND', { problem: `${folder} has no chat template`, fix: 'use a model that was trained to chat, or give it a plain prompt' })
  }
  if (source.length > MAX_BYTES) throw invalid(folder, `it has ${source.length} characters, more than ${MAX_BYTES}`)
  const tokens = Object.fromEntries(Object.entries(rest).filter(([name, value]) => name.endsWith('_token') && typeof value === 'string'))
  return {
    render: messages =>
      renderTemplate(source, { ...tokens, messages: messages.map(({ role, content }) => ({ role, content })), add_generation_prompt: true }).catch((cause: Error) => {
        throw invalid(folder, cause.message, cause)
      })
  }
}

/** Content of a file, or undefined when it is not there. */
async function readLimited(file: string, most: number): Promise<string | undefined> {
  try {
    const { size } = await stat(file)
    if (size > most) throw invalid(file, `it has ${size} bytes, more than ${most}`)
    return await readFile(file, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
}

function parseJson(text: string, file: string): unknown {
  try {
    return JSON.parse(text)
  } catch (cause) {
    throw invalid(file, `it is not valid JSON (${(cause as Error).message})`, cause)
  }
}

const invalid = (where: string, problem: string, cause?: unknown) =>
  new SkipwiseError('CHAT_TEMPLATE_INVALID', { problem: `${where}: the chat template cannot be used: ${problem}`, fix: 'get the file again, or give the model a plain prompt', cause })
