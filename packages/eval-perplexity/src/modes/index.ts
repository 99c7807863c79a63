import { lmEvalRolling } from './lm-eval-rolling.js'
import { longlora } from './longlora.js'
import type { PerplexityMode } from './mode.js'
import { pose } from './pose.js'
import { press } from './press.js'
import { sliding } from './sliding.js'
import { yarnUnweighted } from './yarn-unweighted.js'

/** Every mode, the one to use first. */
export const perplexityModes: readonly PerplexityMode[] = [
  sliding,
  press,
  pose,
  yarnUnweighted,
  longlora,
  lmEvalRolling
]

/** The mode of a name that the configuration has accepted. */
export const modeOf = (name: string): PerplexityMode => perplexityModes.find(mode => mode.name === name) ?? sliding
