import type { PerplexityMode } from './mode.js'
import { pose, poseWindows } from './pose.js'

/**
 * The script that YaRN, LongRoPE and EasyContext share: PoSE's windows, but every window of every document counts the
 * same, so that a first window of thousands of tokens weighs like one of S tokens.
 */
export const yarnUnweighted: PerplexityMode = {
  ...pose,
  name: 'yarn-unweighted',
  *windows(n, geometry) {
    for (const window of poseWindows(n, geometry)) yield { ...window, weight: 1 }
  }
}
