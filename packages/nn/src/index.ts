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
  attention,
  crossEntropy,
  embeddingSpecs,
  gatedMlp,
  headRmsNorm,
  l2Normalize,
  linear,
  linearSpecs,
  logits,
  mlp,
  normSpecs,
  selfAttention,
  type Activation,
  type GatedMlpOptions,
  type LayerAttentionOptions,
  type SelfAttentionOptions
} from './layers.js'
export {
  attentionScale,
  forward,
  positionEncoder,
  positionTables,
  runBlocks,
  sequenceContext,
  tableWidth,
  type ForwardInputs,
  type RopesOfModel,
  type SequenceInputs
} from './forward.js'
export { configError, nnErrorCodes } from './errors.js'
