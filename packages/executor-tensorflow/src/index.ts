import { definePlugin, isSkipwiseError } from '@skipwise/core'
import { z } from 'zod'
import { loadBinding, prepareEnvironment } from './binding.js'
import { openTensorFlowExecutor } from './executor.js'

export { openTensorFlowExecutor, type TensorFlowExecutorOptions } from './executor.js'
export { executorTensorFlowErrorCodes } from './errors.js'
export type { Precision } from './builder.js'

/** TensorFlow through tfjs-node's addon: an option for GPUs and bfloat16, never required. */
export const tensorFlowExecutor = definePlugin({
  kind: 'executor',
  name: 'tensorflow',
  summary: 'TensorFlow, CPU or CUDA, float32 or bfloat16, when tfjs-node(-gpu) is installed',
  config: z.strictObject({
    dtype: z.enum(['float32', 'bfloat16']).default('float32'),
    xla: z.boolean().default(false),
    threads: z.int().min(1).optional()
  }),
  create: ({ dtype, xla, threads }) => ({
    open: () => openTensorFlowExecutor({ dtype, xla, threads }),
    unavailable: async () => unavailableReason(threads)
  })
})

/** Why TensorFlow cannot be had here and what to do, or undefined when it can. */
export function unavailableReason(threads?: number): string | undefined {
  prepareEnvironment(threads)
  try {
    loadBinding()
    return undefined
  } catch (error) {
    return isSkipwiseError(error) ? `${error.problem}; ${error.fix}` : String(error)
  }
}
