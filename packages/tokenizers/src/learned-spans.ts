import { TemplateFault } from './jinja/template-fault.js'
import { Dict, type Value } from './jinja/values.js'
import type { Rendered } from './jinja/render.js'

/** A conversation as text, and the parts that an assistant wrote. */
export interface LearnedText {
  readonly text: string
  /**
   * Ranges of the assistant's turns in characters, [start, end) each, in increasing order: what it wrote, with the end
   * of its turn.
   */
  readonly learned: readonly (readonly [number, number])[]
}

/**
 * Texts of one conversation: one, or one for each answer where the template writes an answer differently once more
 * messages follow.
 */
export interface LearnedTexts {
  readonly texts: readonly LearnedText[]
}

/** Renders messages, with the beginning of an answer on request. @throws TemplateFault */
export type RenderMessages = (messages: readonly Value[], asked: boolean) => Rendered

/** Whether a template itself marks what an assistant writes: `{% generation %}`, as transformers finds it. */
const marksGenerated = (source: string): boolean => /\{%-?\s*generation\s*-?%\}/.test(source)

/**
 * The learned parts of a conversation.
 *
 * @param source text of the template
 * @param mark a text that no conversation contains
 * @throws TemplateFault for what the template refuses, and where the assistant's part cannot be determined
 */
export function learnedOf(
  messages: readonly Dict[],
  render: RenderMessages,
  source: string,
  mark: string
): LearnedTexts {
  const whole = render(messages, false)
  if (marksGenerated(source)) return { texts: [{ text: whole.text, learned: whole.generated }] }
  const answers = messages.flatMap((message, i) =>
    message.get('role') === 'assistant' ? [turnOf(messages, i, render, mark)] : []
  )
  const together = answers
    .map(turn => (whole.text.startsWith(turn.answered) ? spanOf(whole.text, turn) : undefined))
    .filter(span => span !== undefined)
  if (together.length === answers.length) return { texts: [{ text: whole.text, learned: together }] }
  return { texts: answers.map(atItsTurn) }
}

/** An answer as it was when nothing followed it. */
function atItsTurn(turn: Turn): LearnedText {
  const span = spanOf(turn.answered, turn)
  if (!span) throw new TemplateFault(UNCLEAR)
  return { text: turn.answered, learned: [span] }
}

const UNCLEAR =
  'the assistant’s part of the text cannot be found: put {% generation %} and {% endgeneration %} around it in the template'

/** An answer, given by renderings of the beginning of its conversation. */
interface Turn {
  /** The messages before, with the beginning of an answer; undefined where the template refuses that. */
  readonly asked: string | undefined
  /** Without it. */
  readonly unasked: string | undefined
  readonly answered: string
  /** The text around the content. */
  readonly content: Around | undefined
  /** The same for a message with only its role and a content. */
  readonly bare: Around | undefined
}

interface Around {
  readonly before: string
  readonly after: string
}

function turnOf(messages: readonly Dict[], i: number, render: RenderMessages, mark: string): Turn {
  const before = messages.slice(0, i)
  const attempt = (of: readonly Value[], asked: boolean): string | undefined => {
    try {
      return render(of, asked).text
    } catch (error) {
      if (error instanceof TemplateFault) return undefined
      throw error
    }
  }
  const around = (message: Dict): Around | undefined => {
    const text = attempt([...before, message], false)
    const at = text?.indexOf(mark) ?? -1
    return text === undefined || at < 0 ? undefined : { before: text.slice(0, at), after: text.slice(at + mark.length) }
  }
  return {
    asked: attempt(before, true),
    unasked: attempt(before, false),
    answered: render(messages.slice(0, i + 1), false).text,
    content: around(new Dict([...messages[i].entries(), ['content', mark]])),
    bare: around(
      new Dict([
        ['role', 'assistant'],
        ['content', mark]
      ])
    )
  }
}

/** The characters of an answer in a text that begins with `answered`. */
function spanOf(text: string, turn: Turn): readonly [number, number] | undefined {
  const start = startOf(text, turn)
  if (start === undefined || turn.answered.length < start) return undefined
  return [start, turn.answered.length - separatorOf(turn)]
}

function startOf(text: string, { asked, unasked, answered, content, bare }: Turn): number | undefined {
  const goesOn = asked !== undefined && text.startsWith(asked) && answered.startsWith(asked)
  if (goesOn && asked !== unasked) return asked.length
  if (goesOn) {
    // no beginning of an answer is written: the text before the content is the header of the turn
    if (!content || !text.startsWith(content.before)) return undefined
    const header = content.before.slice(asked.length)
    return header.trim() ? content.before.length : asked.length
  }
  // the rendered beginning has more than a header, for instance that of a thought
  if (!bare || !text.startsWith(bare.before)) return undefined
  return unasked === undefined || bare.before.startsWith(unasked) ? bare.before.length : undefined
}

/** Newlines after a token that ends the turn separate it from the next; without such a token they are its end. */
function separatorOf({ answered, content, bare }: Turn): number {
  const after = content?.after ?? bare?.after ?? ''
  return after.trim() && answered.endsWith(after) ? after.length - after.trimEnd().length : 0
}
