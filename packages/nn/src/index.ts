export { MAX_LAYERS } from './limits.js'
export {
  type Architecture,
  type AttentionRole,
  type BlockContext,
  type Head,
  type Initializer,
  type ModelDefinition,
  type ModelGeometry,
  type Parameters,
  type ParameterSpec,
  type PositionalEncoding,
  type PositionTables
} from './contracts.js'
export {
  activations,
  adapterName,
  crossEntropy,
  embeddingSpecs,
  gatedMlp,
  l2Normalize,
  linear,
  linearSpecs,
  logits,
  mlp,
  normSpecs,
  type Activation,
  type GatedMlpOptions
} from './layers.js'
export {
  attention,
  headRmsNorm,
  selfAttention,
  type LayerAttentionOptions,
  type SelfAttentionOptions
} from './attention.js'
export {
  attentionScale,
  forward,
  runBlocks,
  sequenceContext,
  type ForwardInputs,
  type SequenceInputs
} from './forward.js'
export { configError, nnErrorCodes } from './errors.js'
