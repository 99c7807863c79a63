import { TemplateFault } from './jinja/template-fault.js'
import { Dict, type Value } from './jinja/values.js'
import { valueOfJson } from './jinja/json-values.js'
import { isList } from './jinja/write-values.js'

/** A record with messages, as values for a template. */
export interface ConversationValues {
  readonly messages: readonly Dict[]
  /** None without tools. */
  readonly tools: Value
  /** Other variables of the template: `chat_template_kwargs`. */
  readonly more: readonly (readonly [string, Value])[]
}

/** Variables that a record may not set by `chat_template_kwargs`. */
const OWN = new Set(['messages', 'tools', 'documents', 'add_generation_prompt'])

/**
 * Reads the JSON of `{ messages, tools?, chat_template_kwargs? }`. Tools can be a JSON text too, as in data sets whose
 * columns cannot hold arbitrary objects; TRL reads both.
 *
 * @throws TemplateFault
 */
export function readConversation(json: string): ConversationValues {
  const record = valueOfJson(json)
  const messages = record instanceof Dict ? record.get('messages') : undefined
  if (!(record instanceof Dict) || messages === undefined || !isList(messages))
    throw new TemplateFault('there is no list of messages')
  return {
    messages: messages.map(messageOf),
    tools: toolsOf(record.get('tools') ?? null),
    more: variablesOf(record.get('chat_template_kwargs') ?? null)
  }
}

function messageOf(message: Value, i: number): Dict {
  if (!(message instanceof Dict)) throw new TemplateFault(`messages[${i}] is not an object`)
  return message
}

function toolsOf(given: Value): Value {
  const tools = typeof given === 'string' ? valueOfJson(given) : given
  if (tools === null) return null
  if (!isList(tools) || !tools.every(tool => tool instanceof Dict))
    throw new TemplateFault('tools are not a list of objects')
  return tools
}

function variablesOf(given: Value): (readonly [string, Value])[] {
  if (given === null) return []
  if (!(given instanceof Dict)) throw new TemplateFault('chat_template_kwargs is not an object')
  return given.entries().map(([name, value]) => {
    if (typeof name !== 'string' || OWN.has(name))
      throw new TemplateFault(`chat_template_kwargs cannot set '${String(name)}'`)
    return [name, value] as const
  })
}
