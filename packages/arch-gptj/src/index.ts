export { parseGptjConfig, type GptjConfig } from './config.js'
export { defineGptj, gptjParameters, gptj } from './model.js'
