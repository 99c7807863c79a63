export type {
  Architecture,
  AttentionRole,
  BlockContext,
  Head,
  Initializer,
  ModelDefinition,
  ModelGeometry,
  Parameters,
  ParameterSpec,
  PositionalEncoding,
  PositionTables
} from './contracts.js'
export { MAX_LAYERS } from './limits.js'
export { adapterName, linear } from './linear.js'
export { activations, type Activation } from './activations.js'
export { attention, selfAttention, type SelfAttentionOptions } from './attention.js'
export { gatedMlp } from './gated-mlp.js'
export { mlp } from './mlp.js'
export { l2Normalize } from './l2-normalize.js'
export { crossEntropy, logits } from './head.js'
export {
  attentionScale,
  forward,
  runBlocks,
  sequenceContext,
  type ForwardInputs,
  type SequenceInputs
} from './forward.js'
export { embeddingSpecs, linearSpecs, normSpecs } from './parameter-specs.js'
export { configError, nnErrorCodes } from './errors.js'
