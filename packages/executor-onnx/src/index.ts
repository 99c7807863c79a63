import { definePlugin } from '@skipwise/core'
import { z } from 'zod'
import { openDeviceExecutor, whyUnavailable } from './device-executor.js'
import { openOnnxExecutor } from './executor.js'

export { openOnnxExecutor, type OnnxExecutorOptions } from './executor.js'
export { type OnnxDevice } from './device-session.js'
export { openDeviceExecutor } from './device-executor.js'

/** ONNX Runtime, the default executor: on the CPU, or on a GPU by its provider for WebGPU or CUDA. */
export const onnxExecutor = definePlugin({
  kind: 'executor',
  name: 'onnx',
  summary: 'ONNX Runtime, native CPU engine inside the npm package (default), WebGPU or CUDA',
  config: z.strictObject({
    device: z.enum(['cpu', 'webgpu', 'cuda']).default('cpu'),
    threads: z.int().min(1).optional()
  }),
  create: ({ device, threads }) => ({
    unavailable: async () => (device === 'cpu' ? undefined : whyUnavailable(device)),
    open: () =>
      device === 'cpu' ? openOnnxExecutor(threads === undefined ? {} : { threads }) : openDeviceExecutor(device)
  })
})
