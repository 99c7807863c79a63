export { parseGptneoxConfig, type GptneoxConfig } from './config.js'
export { defineGptneox, gptneoxParameters, gptneox } from './model.js'
