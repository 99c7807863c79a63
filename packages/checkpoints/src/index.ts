export { checkpointErrorCodes } from './errors.js'
export { openCheckpoint, type Checkpoint } from './checkpoint.js'
export { openSafetensors } from './safetensors-file.js'
export { digestOfFile, readSealedSafetensors, type SealedTensor, type SealedTensors } from './sealed.js'
export { openTorchFile } from './torch-file.js'
export type { TensorSource } from './tensor-source.js'
export { checkFolderFile, readFolderFile, readNamedFile } from './guarded-file.js'
export { FILE_LIMITS, type FileKind } from './file-limits.js'
export { parseJson, readFolderJson } from './json-file.js'
export type { TensorInfo } from './header.js'
export {
  writeCheckpoint,
  writeSafetensors,
  type CheckpointOptions,
  type SafetensorsOptions,
  type TensorsToWrite,
  type TensorToWrite
} from './write-checkpoint.js'
export { decoderOf, encode as encodeFloats, float32ToFloat16, type Decode, type WritableDtype } from './dtypes.js'
export { preparePending, TEMPORARY_FILE, writeFileAtomic, writeJsonAtomic, type PendingFile } from './atomic.js'
export { checkRoom, freeBytes } from './disk-room.js'
export { openForReading, readFully, writeFully } from './files.js'
export { editConfigText, writeChangedConfig, type ConfigEdit } from './edit-config.js'
export { tryLock, waitForLock, type LockAttempt, type LockOwner } from './lock.js'
export { removeEmptyFolder, removeOwnFile, removeOwnFiles, withTemporaryFolder } from './removal.js'
export {
  applyRope,
  readConfigFile,
  readModelConfig,
  stringifyConfig,
  writeModelConfig,
  type ConfigFile,
  type ModelConfig
} from './model-config.js'
export { checkPlace } from './writable-place.js'
export { digestOfJson } from './digest-json.js'
