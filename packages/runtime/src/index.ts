export { tf } from './tfjs.js'
export {
  allocate,
  bytesOf,
  lastUses,
  peakOfTemporaries,
  sizeOf,
  type CodeType,
  type DType,
  type Graph,
  type GraphNode,
  type HostData,
  type ValueId,
  type ValueSpec
} from './graph.js'
export {
  bytesOfWeight,
  canStore,
  isStored,
  restoreWeight,
  STORAGE_BLOCK,
  storageNames,
  storagesOf,
  storedSpecs,
  storeWeight,
  type CodeData,
  type StorageName,
  type StoredWeight,
  type Weight
} from './stored-weight.js'
export { scalesName, storeWeights } from './store-weights.js'
export { trace, isFusedKernel, type TensorFunction } from './trace.js'
export {
  defineFusedKernel,
  fusedKernels,
  registerFusedKernels,
  type FusedKernel,
  type FusedKernelDefinition,
  type GradientDefinition,
  type KernelFunction,
  type Tensors
} from './fused-kernel.js'
export { isNodeOf } from './kernel-types.js'
export type {
  AttentionAttributes,
  AttentionKernels,
  AttributesOf,
  BuiltInKernels,
  ByInput,
  BySaved,
  CrossEntropyAttributes,
  FusedKernelName,
  FusedKernels,
  InputOf,
  KernelName,
  Kernels,
  KernelSignature,
  LayerKernels,
  NodeOf,
  OptionalInput,
  SavedOutput,
  StorageKernels,
  TfjsKernels
} from './kernel-types.js'
export { loweringFinder, type KernelLowering, type LoweringTable } from './lowering-table.js'
export { expandKernels } from './expand.js'
export { rematerialize } from './rematerialize.js'
export { reducedAxes, shapeRules, type AnyShapeRule, type ShapeRule } from './kernel-shapes.js'
export {
  attentionPlan,
  attentionShape,
  rowBlocks,
  rowBlocksOf,
  type AttentionLimits,
  type AttentionNode,
  type AttentionPlan,
  type AttentionShape,
  type QueryBlock,
  type RowBlock
} from './attention-plan.js'
export {
  checkInputs,
  checkStorages,
  executorKernelError,
  FETCHED_ELEMENTS,
  valueHasEnded,
  type CompileOptions,
  type Executor,
  type ExecutorLoader,
  type Program,
  type Value,
  type Values
} from './executor.js'
export { runtimeErrorCodes } from './errors.js'
export { openInterpreter } from './interpreter/interpreter.js'
export { rmsNorm } from './kernels/rms-norm.js'
export { layerNorm } from './kernels/layer-norm.js'
export { rotaryHalf, rotaryInterleaved } from './kernels/rotary.js'
export { swiGlu } from './kernels/swiglu.js'
export { tanhGelu } from './kernels/gelu.js'
export { embedding } from './kernels/embedding.js'
export { causalAttention, type AttentionOptions, type LinearBias } from './kernels/causal-attention.js'
export {
  cachedAttention,
  cacheWrite,
  type CachedAttentionInputs,
  type CachedAttentionOptions
} from './kernels/cached-attention.js'
export { MASKED } from './kernels/heads.js'
export {
  chunkAttention,
  type ChunkAttentionInputs,
  type ChunkAttentionOptions,
  type TokenNumbers
} from './kernels/chunk-attention.js'
export { linearCrossEntropy } from './kernels/linear-cross-entropy.js'
export { adamWHyper, clippedAdamW, type AdamWState, type ClippedAdamWAttributes } from './kernels/clipped-adamw.js'
