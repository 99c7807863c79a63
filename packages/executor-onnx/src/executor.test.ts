import { describeExecutor } from '@skipwise/testing'
import { openOnnxExecutor } from './executor.js'

describeExecutor('onnx', () => openOnnxExecutor({ threads: 1 }))
