export type {
  Architecture, AttentionRole, BlockContext, Initializer, ModelDefinition, ModelGeometry, Parameters, ParameterSpec, PositionalEncoding, PositionTables
} from './contracts.js'
export { linear } from './linear.js'
export { selfAttention } from './attention.js'
export { gatedMlp } from './gated-mlp.js'
export { attentionScale, forward, runBlocks, type ForwardInputs } from './forward.js'
