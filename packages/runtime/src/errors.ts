import type { ErrorCodes } from '@skipwise/core'

/** The codes that `@skipwise/runtime` and its executors throw. */
export const runtimeErrorCodes = {
  TRACE_READ: 'A traced function read the numbers of a tensor; a program may not depend on values, only on shapes.',
  TRACE_KERNEL: 'A traced function used a tfjs kernel that the tracer does not know.',
  TRACE_OUTPUT: 'A traced function used or returned something that is not a tensor made by it or passed to it.',
  EXECUTOR_KERNEL: 'An executor has no lowering for a kernel of the graph.',
  EXECUTOR_INPUT: 'A program was run with a missing, unknown or wrongly shaped input.',
  EXECUTOR_STORAGE: 'An executor cannot hold weights at rest in the type that was asked for.',
  EXECUTOR_UNAVAILABLE: 'An executor cannot run on this machine.'
} as const satisfies ErrorCodes
