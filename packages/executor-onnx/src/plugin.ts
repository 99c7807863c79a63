import { definePlugin } from '@skipwise/core'
import { z } from 'zod'
import { openOnnxExecutor } from './executor.js'

/** ONNX Runtime on the CPU: the default executor. */
export const onnxExecutor = definePlugin({
  kind: 'executor',
  name: 'onnx',
  summary: 'ONNX Runtime, native CPU engine inside the npm package (default)',
  config: z.strictObject({ threads: z.int().min(1).optional() }),
  create: ({ threads }) => ({
    unavailable: async () => undefined,
    open: () => openOnnxExecutor(threads === undefined ? {} : { threads })
  })
})
