import { alibi } from './alibi.js'
import { nope } from './nope.js'
import { rotaryHalf } from './rotary-half.js'
import { rotaryInterleaved } from './rotary-interleaved.js'
import { xpos } from './xpos.js'

export { alibi, alibiSlopes } from './alibi.js'
export { nope } from './nope.js'
export { rotaryHalf } from './rotary-half.js'
export { rotaryInterleaved } from './rotary-interleaved.js'
export { rotaryTables } from './rotary-tables.js'
export { xpos } from './xpos.js'
export { positionalEncodingErrorCodes } from './errors.js'

/** Every positional encoding of this package. */
export const positionalEncodingPlugins = [rotaryHalf, rotaryInterleaved, alibi, nope, xpos] as const
