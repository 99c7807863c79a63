import { linear } from './linear.js'
import { llama3 } from './llama3.js'
import { longrope } from './longrope.js'
import { none } from './none.js'
import { ntk } from './ntk.js'
import { yarn } from './yarn.js'
import { yarnRevised } from './yarn-revised.js'

export { linear, llama3, longrope, none, ntk, yarn, yarnRevised }
export { readHuggingFaceRope, type HuggingFaceRopeReading } from './read-hugging-face.js'
export { interpolationErrorCodes } from './errors.js'

/** Every interpolation plugin of this package, for `createRegistry().register(...interpolationPlugins)`. */
export const interpolationPlugins = [none, linear, ntk, yarn, yarnRevised, llama3, longrope] as const
