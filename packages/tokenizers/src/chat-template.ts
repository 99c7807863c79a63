import { FILE_LIMITS, readFolderFile, readFolderJson } from '@skipwise/checkpoints'
import { SkipwiseError, validate } from '@skipwise/core'
import { createHash, randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { z } from 'zod'
import { betweenMarks, byBeginnings, marksGenerated, withMarks, type LearnedConversation } from './learned-spans.js'
import { renderTemplate, type RenderJob, type RenderOutcome } from './render-template.js'

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
  /**
   * Whole conversations, and what the assistant wrote of each, to learn of: what the template puts between `{% generation %}` and `{% endgeneration %}`; of one
   * without these what each answer adds to the messages before it, from behind the beginning of an answer to the token that ends the turn. Keys of a message beside
   * role and content are given to the template. A conversation that the template refuses comes back as a problem.
   *
   * @throws SkipwiseError `CHAT_TEMPLATE_INVALID` when the template takes too much time or memory
   */
  renderLearned(conversations: readonly (readonly ChatMessage[])[]): Promise<readonly (LearnedConversation | { readonly problem: string })[]>
  /** sha256 of the template and the special tokens that it may write. */
  readonly digest: string
}

const CONFIG_FILE = 'tokenizer_config.json'

/** Templates in use take some kilobytes. */
const MAX_BYTES = FILE_LIMITS.template

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
 * @throws SkipwiseError `CHAT_TEMPLATE_NOT_FOUND`, `CHAT_TEMPLATE_INVALID`, `FILE_REFUSED`
 */
export async function loadChatTemplate(folder: string): Promise<ChatTemplate> {
  const configFile = join(folder, CONFIG_FILE)
  const stored = await readFolderJson(folder, CONFIG_FILE, 'CHAT_TEMPLATE_INVALID')
  const config = validate(configSchema, stored ?? {}, 'CHAT_TEMPLATE_INVALID', configFile)
  const ownBytes = await readFolderFile(folder, 'chat_template.jinja')
  const own = ownBytes && new TextDecoder('utf-8', { ignoreBOM: true }).decode(ownBytes)
  const { chat_template, ...rest } = config
  const source = own ?? (Array.isArray(chat_template) ? chat_template.find(({ name }) => name === 'default')?.template : chat_template)
  if (source === undefined || source === null) {
    throw new SkipwiseError('CHAT_TEMPLATE_NOT_FOUND', { problem: `${folder} has no chat template`, fix: 'use a model that was trained to chat, put chat_template.jinja into the folder, or use plain text' })
  }
  if (source.length > MAX_BYTES) throw invalid(folder, `it has ${source.length} characters, more than ${MAX_BYTES}`)
  const tokens = Object.fromEntries(Object.entries(rest).filter(([name, value]) => name.endsWith('_token') && typeof value === 'string'))
  // drawn anew each time: no conversation can hold it
  const mark = randomBytes(16).toString('hex'), marked = marksGenerated(source) ? withMarks(source, mark) : undefined
  const run = (template: string, jobs: readonly RenderJob[]): Promise<readonly RenderOutcome[]> =>
    renderTemplate(template, jobs, mark).catch((cause: Error) => {
      throw invalid(folder, cause.message, cause)
    })
  return {
    digest: createHash('sha256').update(JSON.stringify([source, tokens])).digest('hex'),
    async render(messages) {
      const [outcome] = await run(source, [{ whole: { ...tokens, messages: messages.map(({ role, content }) => ({ role, content })), add_generation_prompt: true } }])
      if ('problem' in outcome) throw invalid(folder, outcome.problem)
      return outcome.text
    },
    async renderLearned(conversations) {
      if (!conversations.length) return []
      if (marked !== undefined) {
        const outcomes = await run(marked, conversations.map(messages => ({ whole: { ...tokens, messages, add_generation_prompt: false } })))
        return outcomes.map(outcome => ('problem' in outcome ? outcome : betweenMarks(outcome.text, mark)))
      }
      const plans = conversations.map(messages => byBeginnings(messages, tokens, mark)), outcomes = await run(source, plans.map(({ job }) => job))
      return plans.map(({ read }, i) => read(outcomes[i]))
    }
  }
}

const invalid = (where: string, problem: string, cause?: unknown) =>
  new SkipwiseError('CHAT_TEMPLATE_INVALID', { problem: `${where}: the chat template cannot be used: ${problem}`, fix: 'get the file again, or give the model a plain prompt', cause })
