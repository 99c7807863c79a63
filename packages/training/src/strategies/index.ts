import type { StrategyName } from '../options.js'
import { prepareBlockwise } from './blockwise.js'
import { prepareSeco, prepareSpaco } from './chunkwise.js'
import type { PreparedStrategy, StrategySetup } from './strategy.js'
import { prepareWhole } from './whole.js'

/** Every strategy by name. */
export const strategies: Readonly<Record<StrategyName, (setup: StrategySetup) => PreparedStrategy>> = {
  whole: prepareWhole,
  blockwise: prepareBlockwise,
  seco: prepareSeco,
  spaco: prepareSpaco
}
