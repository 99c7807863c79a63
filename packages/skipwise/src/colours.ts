import { visibleLines } from '@skipwise/core'
import { randomUUID } from 'node:crypto'
import pc from 'picocolors'

/** Stands for the escape character of our own colours. No file can hold it: it is drawn when the process starts. */
const MARK = `⟦${randomUUID()}⟧`

type Paint = (text: string) => string

/** What text can be painted with. What is painted is to be printed by {@link printable}. */
export interface Colours {
  readonly bold: Paint
  readonly dim: Paint
  readonly red: Paint
  readonly green: Paint
  readonly yellow: Paint
}

/** Colours for a stream that is a terminal, and none for files and pipes. */
export function coloursOf(stream: Pick<NodeJS.WriteStream, 'isTTY'>): Colours {
  const isTerminal = Boolean(stream.isTTY) && !process.env['NO_COLOR'] && process.env['TERM'] !== 'dumb'
  const { bold, dim, red, green, yellow } = pc.createColors(isTerminal)
  const marked =
    (paint: Paint): Paint =>
    text =>
      paint(visibleLines(text)).replaceAll('\u001b', MARK)
  return { bold: marked(bold), dim: marked(dim), red: marked(red), green: marked(green), yellow: marked(yellow) }
}

/**
 * Text for people as it is written to a terminal, a file or a pipe: our own colours, and nothing else that a terminal
 * obeys. Every line that the command writes for people passes here.
 */
export const printable = (text: string): string => text.split(MARK).map(visibleLines).join('\u001b')

/** Colours where standard output is a terminal. */
export const colours = coloursOf(process.stdout)

/** The same for standard error. */
export const errorColours = coloursOf(process.stderr)
