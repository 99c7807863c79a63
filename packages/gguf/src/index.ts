export { ggufErrorCodes } from './errors.js'
export { openGguf, type GgufFile } from './open-gguf.js'
export type { GgufHeader, GgufTensorInfo } from './read-header.js'
export { writeGguf, type GgufTensor, type WriteGgufOptions } from './write-gguf.js'
export { writeGgufModel, type ModelToWrite, type WrittenModel } from './write-model.js'
export { quantize } from './quantize.js'
export type { WritableType } from './tensor-types.js'
export {
  float32,
  list,
  numberAt,
  text,
  textAt,
  truth,
  uint32,
  type Metadata,
  type MetadataList,
  type MetadataValue,
  type ValueType
} from './metadata.js'
export {
  modelError as ggufModelError,
  tensorReader,
  type CommonSizes,
  type ModelPlan,
  type Parameter,
  type PlannedTensor,
  type RopeKeys
} from './models/plan.js'
export { checkBlocksType, planBlocks, type BlocksConfig } from './models/blocks.js'
export { planBaichuan, type BaichuanShape } from './models/baichuan.js'
export { planGptneox, planPhi, type GptneoxShape, type PhiShape } from './models/others.js'
export { tokenizerKeys, type TokenizerKeys, type TokenizerOptions } from './tokenizer/tokenizer-keys.js'
