import { contiguous } from './contiguous.js'
import { pose } from './pose.js'

export { contiguous, pose }
export { assertPositionIds } from './checks.js'
export type { ChunkLengths } from './chunk-lengths.js'
export { estimateCoverage, exactCoverage, type CoverageEstimate, type ExactCoverageOptions } from './coverage.js'
export { positionTransformErrorCodes } from './errors.js'

/** Every position transform of this package, for `createRegistry().register(...positionTransformPlugins)`. */
export const positionTransformPlugins = [contiguous, pose] as const
