export { parsePhiConfig, type PhiConfig } from './config.js'
export { definePhi, phi, phiParameters } from './model.js'
