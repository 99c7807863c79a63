import type { TextDocument } from './documents.js'
import { invalidLine } from './json-line.js'

/** A message as records have it; keys beside these two are a chat template's. */
export interface ConversationMessage {
  /** `system`, `user`, `assistant`, or what else the template knows. */
  readonly role: string
  readonly content: string
  readonly [key: string]: unknown
}

/** Makes texts of conversations as a model was trained to see them; `loadChatTemplate` of @skipwise/tokenizers gives one. */
export interface ConversationRenderer {
  /** Each text, with the characters that the assistant wrote, [start, end) each, rising; or why it cannot be made. */
  renderLearned(conversations: readonly (readonly ConversationMessage[])[]): Promise<readonly (Pick<TextDocument, 'text'> & Required<Pick<TextDocument, 'learned'>> | { readonly problem: string })[]>
  /** Changes whenever a conversation would become another text. */
  readonly digest: string
}

/** A conversation and where it stands. */
export interface Conversation {
  readonly messages: readonly ConversationMessage[]
  readonly where: string
  readonly source: string
}

/** The messages of a record. @throws SkipwiseError `DATA_LINE_INVALID` */
export function messagesOf(record: Readonly<Record<string, unknown>>, where: string): readonly ConversationMessage[] {
  const fix = 'write {"messages": [{"role": "user", "content": "…"}, {"role": "assistant", "content": "…"}]}, or leave out the format'
  const messages = Object.hasOwn(record, 'messages') ? record['messages'] : undefined
  if (!Array.isArray(messages)) {
    throw invalidLine(where, messages === undefined ? `there is no key 'messages', only ${Object.keys(record).slice(0, 8).join(', ') || 'none'}` : "the value of 'messages' is not a list", fix)
  }
  messages.forEach((message: unknown, i) => {
    if (typeof message !== 'object' || message === null || Array.isArray(message)) throw invalidLine(where, `messages[${i}] is not an object`, fix)
    for (const key of ['role', 'content']) {
      const value: unknown = Object.hasOwn(message, key) ? (message as Record<string, unknown>)[key] : undefined
      if (typeof value !== 'string') throw invalidLine(where, value === undefined ? `messages[${i}] has no ${key}` : `the ${key} of messages[${i}] is not a string`, fix)
    }
  })
  if (!messages.some(({ role }: ConversationMessage) => role === 'assistant')) throw invalidLine(where, "no message has the role 'assistant': nothing could be learned of it", 'leave out the record')
  return messages as ConversationMessage[]
}

/** Conversations that are rendered at once: a thread is started for each such lot. */
const LOT = 256, LOT_CHARACTERS = 1 << 20

/** Documents of conversations, in their order. @throws SkipwiseError `DATA_LINE_INVALID` for one that the template refuses, and what rendering throws */
export async function* renderConversations(conversations: AsyncIterable<Conversation>, renderer: ConversationRenderer): AsyncGenerator<TextDocument> {
  let lot: Conversation[] = [], characters = 0
  const rendered = async (): Promise<TextDocument[]> => {
    const of = lot, texts = await renderer.renderLearned(of.map(({ messages }) => messages))
    lot = []
    characters = 0
    return texts.map((text, i) => {
      const { where, source } = of[i]
      if ('problem' in text) throw invalidLine(where, `the chat template cannot write the messages: ${text.problem}`, 'correct the record, or the template')
      if (!text.learned.length) throw invalidLine(where, 'the chat template writes nothing of the assistant', 'leave out the record, or correct the template')
      return { ...text, source }
    })
  }
  for await (const conversation of conversations) {
    lot.push(conversation)
    for (const { content } of conversation.messages) characters += content.length
    if (lot.length === LOT || characters >= LOT_CHARACTERS) yield* await rendered()
  }
  yield* await rendered()
}
