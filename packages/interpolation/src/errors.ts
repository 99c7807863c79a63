import type { ErrorCodes } from '@skipwise/core'

/** The codes that `@skipwise/interpolation` throws. */
export const interpolationErrorCodes = {
  INTERPOLATION_GEOMETRY: 'The rotary dimensions, base or lengths are impossible, or impossible for this scheme.',
  INTERPOLATION_FACTORS: 'The factor lists of longrope do not have one entry per frequency.',
  INTERPOLATION_EXPORT: 'Stock transformers cannot express this geometry in config.json.',
  ROPE_INEXPRESSIBLE: 'A stack has no keys for this RoPE; nothing is approximated.',
  ROPE_CONFIG_INVALID: 'A RoPE key of config.json is missing or has an impossible value.',
  ROPE_CONFIG_CONTRADICTORY: 'The old and the new RoPE keys of config.json contradict each other.',
  ROPE_NONE: 'The model has no RoPE: ALiBi, learned positions, or none at all.',
  ROPE_TYPE_UNKNOWN: 'config.json names a RoPE type that no plugin of this package computes.'
} as const satisfies ErrorCodes
