export { openTensorFlowExecutor, type TensorFlowExecutorOptions } from './executor.js'
export { tensorFlowExecutor, unavailableReason } from './plugin.js'
export { executorTensorFlowErrorCodes } from './errors.js'
export type { Precision } from './builder.js'
