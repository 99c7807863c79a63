import { SkipwiseError, type ErrorCodes } from '@skipwise/core'

/** The codes that architectures throw. */
export const nnErrorCodes = {
  ARCHITECTURE_CONFIG: 'config.json describes a model that the architecture does not support.'
} as const satisfies ErrorCodes

/** An `ARCHITECTURE_CONFIG` error about the configuration of `model`, for instance 'a LLaMA'. */
export const configError = (
  model: string,
  problem: string,
  fix = 'check the file against the model card, or use a supported model'
): SkipwiseError => new SkipwiseError('ARCHITECTURE_CONFIG', { problem: `config.json of ${model}: ${problem}`, fix })
