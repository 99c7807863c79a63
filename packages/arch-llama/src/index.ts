export { parseLlamaConfig, type LlamaConfig } from './config.js'
export type { Biases, BlockForm, Multipliers } from './families.js'
export { defineLlama, llama } from './model.js'
export { llamaParameters } from './parameters.js'
