import type { ChatMessage } from './chat-template.js'
import type { RenderedPart, RenderJob, RenderOutcome } from './render-template.js'

/** A conversation as text, and what an assistant wrote of it. */
export interface LearnedConversation {
  readonly text: string
  /** Characters of the assistant's turns, [start, end) each, rising: what it wrote, with the end of its turn. */
  readonly learned: readonly (readonly [number, number])[]
}

const GENERATION = /\{%(-?)\s*(end)?generation\s*(-?)%\}/g

/** Whether a template says itself what an assistant writes: `{% generation %}`. */
export const marksGenerated = (source: string): boolean => /\{%-?\s*generation\s*-?%\}/.test(source)

/**
 * The template with `mark` around what it says an assistant writes. A call block is what transformers makes of `{% generation %}`: whitespace
 * control and the scope of variables are those of any block.
 */
export const withMarks = (source: string, mark: string): string =>
  `{%- macro skipwise_generated() %}{{ '${mark}' + caller() + '${mark}' }}{%- endmacro %}\n${source.replace(GENERATION, (_, left: string, end: string | undefined, right: string) => (end ? `{%${left} endcall ${right}%}` : `{%${left} call skipwise_generated() ${right}%}`))}`

/** Text and spans of a rendering of {@link withMarks}. */
export function betweenMarks(marked: string, mark: string): LearnedConversation {
  const pieces = marked.split(mark), learned: [number, number][] = []
  let text = ''
  pieces.forEach((piece, i) => {
    if (i % 2 && piece) learned.push([text.length, text.length + piece.length])
    text += piece
  })
  return { text, learned }
}

/** Of a template that does not say it: what each answer adds to the messages before it, by renderings of the beginnings of the conversation. */
export function byBeginnings(messages: readonly ChatMessage[], variables: Readonly<Record<string, unknown>>, mark: string): { readonly job: RenderJob; readonly read: (outcome: RenderOutcome) => LearnedConversation | { readonly problem: string } } {
  const answers = messages.flatMap(({ role }, i) => (role === 'assistant' ? [i] : [])), render = (of: readonly ChatMessage[], asked: boolean) => ({ ...variables, messages: of, add_generation_prompt: asked })
  const parts = answers.flatMap(i => {
    const before = messages.slice(0, i)
    return [render(before, true), render(before, false), render([...before, { ...messages[i], content: mark }], false), render(messages.slice(0, i + 1), false)]
  })
  return {
    job: { whole: render(messages, false), parts },
    read(outcome) {
      if ('problem' in outcome) return outcome
      const learned = answers.map((_, k) => spanOf(outcome.text, outcome.parts.slice(4 * k, 4 * k + 4)))
      return learned.includes(undefined) ? { problem: UNCLEAR } : { text: outcome.text, learned: learned.filter(span => span !== undefined) }
    }
  }
}

const UNCLEAR = 'what the template writes of an answer depends on what comes after, so it cannot be told which tokens are the assistant’s: put {% generation %} and {% endgeneration %} around them in the template'

/**
 * @param asked the messages before, with the beginning of an answer
 * @param unasked without it: the same text where a template writes no such beginning, and what stands before the content then is the header of the turn
 * @param probe with the mark as the answer
 * @param answered with the answer
 */
function spanOf(text: string, [asked, unasked, probe, answered]: readonly RenderedPart[]): readonly [number, number] | undefined {
  const header = asked.length === unasked.length, { after } = probe
  if (asked.length < 0 || answered.length < asked.length || (header && (after === undefined || probe.length < 0))) return undefined
  const before = header ? text.slice(asked.length, probe.length) : ''
  // newlines behind a token that ends the turn separate it from the next; without such a token they are its end
  const separator = after?.trim() && text.slice(0, answered.length).endsWith(after) ? after.length - after.trimEnd().length : 0
  return [before.trim() ? probe.length : asked.length, answered.length - separator]
}
