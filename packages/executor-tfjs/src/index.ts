export { openTfjsExecutor } from './executor.js'
export { tfjsExecutor } from './plugin.js'
