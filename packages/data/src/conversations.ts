import { invalidLine, lacksKey } from './json-line.js'

/** A text made of a conversation: of the whole, or of one of its answers and what came before it. */
export interface ConversationText {
  readonly text: string
  /** Characters of `text` that are learned, [start, end) each, rising. */
  readonly learned: readonly (readonly [number, number])[]
}

/**
 * Makes texts of conversations as a model was trained to see them; `loadChatTemplate` of @skipwise/tokenizers gives
 * one.
 */
export interface ConversationRenderer {
  /**
   * The texts of each conversation, with the characters that the assistant wrote, [start, end) each, rising; or why
   * there can be none. Of one whose answers are written in another way
   * once more messages follow, one text an answer.
   *
   * @param conversations JSON of `{ messages, tools?, chat_template_kwargs? }` each
   */
  renderLearned(
    conversations: readonly string[]
  ): Promise<readonly ({ readonly texts: readonly ConversationText[] } | { readonly problem: string })[]>
  /** Changes whenever a conversation would become another text. */
  readonly digest: string
}

/** The JSON of a conversation, and where it stands. */
export interface Conversation {
  readonly json: string
  readonly where: string
  readonly source: string
}

const FIX =
  'write {"messages": [{"role": "user", "content": "…"}, {"role": "assistant", "content": "…"}]}, or leave out the format'

/**
 * The JSON of a record with messages, unchanged where the file has JSON.
 *
 * @throws SkipwiseError `DATA_LINE_INVALID`
 */
export function conversationOf(
  record: Readonly<Record<string, unknown>>,
  where: string,
  json: (() => string) | undefined
): string {
  const messages = Object.hasOwn(record, 'messages') ? record['messages'] : undefined
  if (!Array.isArray(messages)) {
    throw invalidLine(
      where,
      messages === undefined ? lacksKey(record, 'messages') : "the value of 'messages' is not a list",
      FIX
    )
  }
  const roles = messages.map((message: unknown, i) => roleOf(message, i, where))
  if (!roles.includes('assistant')) {
    throw invalidLine(where, "no message has the role 'assistant', so there is nothing to learn", 'remove the record')
  }
  try {
    return json === undefined ? JSON.stringify(record) : json()
  } catch (cause) {
    throw invalidLine(
      where,
      cause instanceof Error ? cause.message : String(cause),
      'write the records as JSON lines',
      cause
    )
  }
}

/** The role of a message that can be rendered. */
function roleOf(message: unknown, i: number, where: string): string {
  if (!isRecord(message)) throw invalidLine(where, `messages[${i}] is not an object`, FIX)
  const role = own(message, 'role')
  if (typeof role !== 'string') {
    throw invalidLine(
      where,
      role === undefined ? `messages[${i}] has no role` : `the role of messages[${i}] is not a string`,
      FIX
    )
  }
  checkContent(message, i, where)
  return role
}

function checkContent(message: Readonly<Record<string, unknown>>, i: number, where: string): void {
  const content = own(message, 'content')
  if (typeof content === 'string') return
  if (Array.isArray(content)) {
    content.forEach((part: unknown, k) => checkPart(part, `part ${k} of the content of messages[${i}]`, where))
    return
  }
  const calls = own(message, 'tool_calls')
  if ((content === null || content === undefined) && Array.isArray(calls) && calls.length > 0) return
  const problem =
    content === undefined ? `messages[${i}] has no content` : `the content of messages[${i}] is not a string`
  throw invalidLine(where, problem, 'write a string, a list of parts of type text, or null next to tool_calls')
}

function checkPart(part: unknown, what: string, where: string): void {
  const type = isRecord(part) ? own(part, 'type') : undefined
  if (!isRecord(part) || typeof type !== 'string') throw invalidLine(where, `${what} has no type`, FIX)
  if (type !== 'text')
    throw invalidLine(
      where,
      `${what} is of type '${type}', and only text is supported`,
      'remove the record or the part'
    )
  if (typeof own(part, 'text') !== 'string') throw invalidLine(where, `${what} has no text`, FIX)
}

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
const own = (record: Readonly<Record<string, unknown>>, key: string): unknown =>
  Object.hasOwn(record, key) ? record[key] : undefined

/** A text of a conversation, and where that is; see `TextDocument`. */
type ConversationDocument = ConversationText & { readonly source: string }

/** Conversations that are rendered at once. */
const LOT = 256
const LOT_CHARACTERS = 1 << 20

/**
 * Documents of conversations, in their order. A conversation that becomes one text for each answer has `#1`, `#2` …
 * after its source.
 *
 * @throws SkipwiseError `DATA_LINE_INVALID` for one that the template refuses, and what rendering throws
 */
export async function* renderConversations(
  conversations: AsyncIterable<Conversation>,
  renderer: ConversationRenderer
): AsyncGenerator<ConversationDocument> {
  let lot: Conversation[] = []
  let characters = 0
  const rendered = async (): Promise<ConversationDocument[]> => {
    const of = lot
    const outcomes = await renderer.renderLearned(of.map(({ json }) => json))
    lot = []
    characters = 0
    return outcomes.flatMap((outcome, i) => documentsOf(outcome, of[i]))
  }
  for await (const conversation of conversations) {
    lot.push(conversation)
    characters += conversation.json.length
    if (lot.length === LOT || characters >= LOT_CHARACTERS) yield* await rendered()
  }
  yield* await rendered()
}

function documentsOf(
  outcome: { readonly texts: readonly ConversationText[] } | { readonly problem: string },
  { where, source }: Conversation
): ConversationDocument[] {
  if ('problem' in outcome) {
    throw invalidLine(
      where,
      `the chat template cannot render the messages: ${outcome.problem}`,
      'correct the record, or the template'
    )
  }
  const { texts } = outcome
  if (!texts.some(({ learned }) => learned.length)) {
    throw invalidLine(
      where,
      'the chat template renders nothing that the assistant says',
      'remove the record, or correct the template'
    )
  }
  return texts.map((text, i) => ({ ...text, source: texts.length > 1 ? `${source}#${i + 1}` : source }))
}
