import { SkipwiseError, type ErrorCodes } from '@skipwise/core'

/** The codes of `@skipwise/executor-tensorflow` besides those of `@skipwise/runtime`. */
export const executorTensorFlowErrorCodes = {
  TENSORFLOW_RUN: 'TensorFlow refused a program, or failed while it ran one.'
} as const satisfies ErrorCodes

/** TensorFlow's own words, with a code. */
export const runError = (doing: string, cause: unknown) => {
  const message = cause instanceof Error ? cause.message : String(cause)
  const memory = /OOM|RESOURCE_EXHAUSTED|allocat/i.test(message)
  return new SkipwiseError('TENSORFLOW_RUN', {
    problem: `TensorFlow could not ${doing}: ${message.split('\n')[0]}`,
    fix: memory
      ? 'use a smaller micro-batch or window, or a device with more memory'
      : 'use the executor onnx, and report the program that was refused',
    cause
  })
}

/** An executor that this machine cannot have. */
export const unavailable = (problem: string, fix: string, cause?: unknown) =>
  new SkipwiseError('EXECUTOR_UNAVAILABLE', { problem, fix, cause })
