import { rotaryHalf } from './rotary-half.js'

export { rotaryHalf } from './rotary-half.js'
export { rotaryTables } from './rotary-tables.js'

/** Every positional encoding of this package. */
export const positionalEncodingPlugins = [rotaryHalf] as const
