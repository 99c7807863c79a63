export { openOnnxExecutor, type OnnxExecutorOptions } from './executor.js'
export { type OnnxDevice } from './device-session.js'
export { openDeviceExecutor } from './device-executor.js'
export { onnxExecutor } from './plugin.js'
