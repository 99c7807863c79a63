export { parseLlamaConfig, type Biases, type BlockForm, type LlamaConfig, type Multipliers } from './config.js'
export { defineLlama, llama } from './model.js'
export { llamaParameters } from './parameters.js'
