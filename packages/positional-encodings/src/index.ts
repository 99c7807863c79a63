import { alibi } from './alibi.js'
import { nope } from './nope.js'
import { rotaryHalf, rotaryInterleaved } from './rotary.js'
import { xpos } from './xpos.js'

export { alibi, alibiSlopes } from './alibi.js'
export { nope } from './nope.js'
export { rotaryHalf, rotaryInterleaved, rotaryTables } from './rotary.js'
export { xpos } from './xpos.js'
export { positionalEncodingErrorCodes } from './errors.js'

/** Every positional encoding of this package. */
export const positionalEncodingPlugins = [rotaryHalf, rotaryInterleaved, alibi, nope, xpos] as const
