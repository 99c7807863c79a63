import pc from 'picocolors'

const coloursOf = (stream: NodeJS.WriteStream) => pc.createColors(Boolean(stream.isTTY) && !process.env['NO_COLOR'] && process.env['TERM'] !== 'dumb')

/** Colours where standard output is a terminal; files and pipes get plain text. */
export const colours = coloursOf(process.stdout)

/** The same for standard error. */
export const errorColours = coloursOf(process.stderr)
