import type { StrategyName } from '../options.js'
import { prepareBlockwise } from './blockwise.js'
import type { PreparedStrategy, StrategySetup } from './strategy.js'
import { prepareWhole } from './whole.js'

/** Every strategy by name, fastest first. */
export const strategies: Readonly<Record<StrategyName, (setup: StrategySetup) => PreparedStrategy>> = { whole: prepareWhole, blockwise: prepareBlockwise }
