export { openOnnxExecutor, type OnnxExecutorOptions } from './executor.js'
export { onnxExecutor } from './plugin.js'
