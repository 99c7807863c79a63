import { letEventsIn } from '@skipwise/core'
import { createHash, randomBytes } from 'node:crypto'
import { valueOfData } from './jinja/json-values.js'
import { Template } from './jinja/template.js'
import { TemplateFault } from './jinja/template-fault.js'
import type { Value } from './jinja/values.js'
import { readConversation } from './conversation.js'
import { learnedOf, type LearnedTexts } from './learned-spans.js'
import { invalidTemplate, readTemplateFiles } from './read-chat-template.js'

/** A message of a conversation. */
export interface ChatMessage {
  /** Usually `system`, `user` or `assistant`. */
  readonly role: string
  readonly content: string
}

/** Renders a conversation as the prompt that the model was trained on. */
export interface ChatTemplate {
  /**
   * The text of the messages and of the beginning of an answer. It contains its special tokens, BOS too: encode it as
   * it is.
   *
   * @throws SkipwiseError `CHAT_TEMPLATE_INVALID`
   */
  render(messages: readonly ChatMessage[]): Promise<string>
  /**
   * Whole conversations, and in each the text of the assistant, which is learned. That is the text between `{%
   * generation %}` and `{% endgeneration %}` in the template; in a template without these, what each answer adds to the
   * messages before it, from the end of the beginning of an answer to the token that ends the turn. Where later
   * messages change how the template writes an answer (thoughts are left out), a conversation becomes one text for each
   * answer, as it was at its turn. A conversation that the template refuses is returned as a problem.
   *
   * @param conversations JSON texts of `{ messages, tools?, chat_template_kwargs? }`: as text, since `1.0`, integers of
   * 20 digits and the order of keys `"2"`, `"1"` do not survive JSON.parse. Keys of a message besides role and content
   * are passed to the template.
   */
  renderLearned(conversations: readonly string[]): Promise<readonly (LearnedTexts | { readonly problem: string })[]>
  /** sha256 of the templates, of the special tokens that they may write, and of the version of the interpreter. */
  readonly digest: string
}

/** Changed whenever the same template and conversation would give another text. */
const VERSION = 2

/**
 * The chat template of a model folder: `chat_template.jinja`, or else `chat_template` of `tokenizer_config.json`, the
 * one named `default` where there are several (`tool_use` for conversations with tools). It gives exactly the text of
 * transformers, or is refused. A template is an untrusted program: it sees only its variables, and its steps and
 * characters are counted (docs/security.md).
 *
 * @throws SkipwiseError `CHAT_TEMPLATE_NOT_FOUND`, `CHAT_TEMPLATE_INVALID`
 */
export async function loadChatTemplate(folder: string): Promise<ChatTemplate> {
  const { template: source, toolTemplate, tokens } = await readTemplateFiles(folder)
  const compile = (text: string): Template => guarded(folder, () => new Template(text))
  const plain = { source, template: compile(source) }
  const withTools = toolTemplate === undefined ? plain : { source: toolTemplate, template: compile(toolTemplate) }
  const common: readonly (readonly [string, Value])[] = Object.entries(tokens)
  // drawn again each time, so that no conversation can contain it
  const mark = randomBytes(16).toString('hex')
  return {
    digest: createHash('sha256')
      .update(JSON.stringify([VERSION, source, toolTemplate ?? null, tokens]))
      .digest('hex'),
    async render(messages) {
      const given = messages.map(({ role, content }) => ({ role, content }))
      const variables: (readonly [string, Value])[] = [
        ...common,
        ['messages', valueOfData(given)],
        ['tools', null],
        ['documents', null],
        ['add_generation_prompt', true]
      ]
      return guarded(folder, () => plain.template.render(variables, JSON.stringify(given).length).text)
    },
    async renderLearned(conversations) {
      const learned: (LearnedTexts | { readonly problem: string })[] = []
      for (const json of conversations) {
        learned.push(learnedFrom(json, common, mark, tools => (tools === null ? plain : withTools)))
        await letEventsIn()
      }
      return learned
    }
  }
}

/** A template and its text. */
interface Compiled {
  readonly source: string
  readonly template: Template
}

function learnedFrom(
  json: string,
  common: readonly (readonly [string, Value])[],
  mark: string,
  choose: (tools: Value) => Compiled
): LearnedTexts | { readonly problem: string } {
  try {
    const { messages, tools, more } = readConversation(json)
    const { source, template } = choose(tools)
    const render = (of: readonly Value[], asked: boolean) =>
      template.render(
        [...common, ['tools', tools], ['documents', null], ...more, ['messages', of], ['add_generation_prompt', asked]],
        json.length
      )
    return learnedOf(messages, render, source, mark)
  } catch (error) {
    if (error instanceof TemplateFault) return { problem: error.message }
    throw error
  }
}

function guarded<T>(folder: string, run: () => T): T {
  try {
    return run()
  } catch (error) {
    if (error instanceof TemplateFault) throw invalidTemplate(folder, error.message, error)
    throw error
  }
}
