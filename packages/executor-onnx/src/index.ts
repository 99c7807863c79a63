export { openOnnxExecutor, type OnnxExecutorOptions } from './executor.js'
export { openDeviceExecutor, type OnnxDevice } from './device-executor.js'
export { onnxExecutor } from './plugin.js'
