import { axolotl } from './axolotl.js'
import { contiguous } from './contiguous.js'
import { cream } from './cream.js'
import { fullLength } from './full-length.js'
import { longrecipe } from './longrecipe.js'
import { paddlenlp } from './paddlenlp.js'
import { poseRepo, poseV1 } from './pose-repo.js'
import { pose } from './pose.js'
import { randpos } from './randpos.js'

export { axolotl, contiguous, cream, fullLength, longrecipe, paddlenlp, pose, poseRepo, poseV1, randpos }
export { assertPositionIds } from './checks.js'
export type { ChunkLengths } from './chunk-lengths.js'
export { exactCoverage, type ExactCoverageOptions } from './coverage.js'
export { estimateCoverage, type CoverageEstimate, type CoverageEstimateOptions } from './coverage-estimate.js'
export { coverageChart, planCoverage, type CoveragePlan, type CoverageQuestion } from './coverage-plan.js'
export { positionTransformErrorCodes } from './errors.js'

/** Every position transform of this package, for `createRegistry().register(...positionTransformPlugins)`. */
export const positionTransformPlugins = [
  contiguous,
  fullLength,
  pose,
  randpos,
  cream,
  longrecipe,
  poseRepo,
  poseV1,
  axolotl,
  paddlenlp
] as const
