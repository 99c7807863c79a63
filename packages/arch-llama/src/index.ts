export { parseLlamaConfig, type LlamaConfig } from './config.js'
export { defineLlama, llamaParameters, llama } from './model.js'
