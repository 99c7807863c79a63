import type { ErrorCodes } from '@skipwise/core'

/** The codes that `@skipwise/checkpoints` throws. */
export const checkpointErrorCodes = {
  FILE_REFUSED:
    'A file of a model folder, or a given file, is not a regular file, points outside its folder, is larger than the limit for its kind, or cannot be read.',
  CHECKPOINT_NOT_FOUND: 'A folder has no weights, or a given file does not exist.',
  CHECKPOINT_DAMAGED: 'A file with a digest has changed since it was written.',
  CHECKPOINT_TRUNCATED: 'A file ends before the bytes that its header promises.',
  CHECKPOINT_HEADER_INVALID:
    'The header of a safetensors file, the directory or the pickle of a torch file, or a shard index does not describe a valid file.',
  CHECKPOINT_PICKLE_UNSAFE: 'A torch file asks for more than tensors and plain containers; none of its code was run.',
  CHECKPOINT_FORMAT_UNSUPPORTED:
    'A torch file is of an unsupported kind: TorchScript, big-endian, compressed, expanded tensors, …',
  CHECKPOINT_INDEX_UNSAFE: 'A shard index names a file outside its folder.',
  CHECKPOINT_TENSOR_MISSING: 'A checkpoint has no tensor of this name.',
  CHECKPOINT_TENSOR_TOO_LARGE: 'A tensor does not fit in memory.',
  CHECKPOINT_DTYPE_UNSUPPORTED: 'A tensor has a data type that cannot be read in the requested way.',
  CHECKPOINT_TENSOR_INVALID: 'A tensor to write has a wrong shape, name or length.',
  CHECKPOINT_WRITE_FAILED: 'A file could not be written; the existing file is unchanged.',
  DISK_FULL: 'The disk or the quota is full; the existing file is unchanged.',
  OUTPUT_WRITE_FAILED: 'An output folder or file cannot be created or moved to its place.',
  MODEL_CONFIG_NOT_FOUND: 'A model folder has no config.json.',
  MODEL_CONFIG_INVALID: 'config.json is not a JSON object.'
} as const satisfies ErrorCodes
