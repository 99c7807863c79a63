import { describeExecutor } from '@skipwise/testing'
import { describe, test } from 'vitest'
import { openTensorFlowExecutor } from './executor.js'
import { unavailableReason } from './index.js'

const reason = unavailableReason()
if (reason === undefined) {
  describeExecutor('tensorflow', () => openTensorFlowExecutor())
  describeExecutor('tensorflow, XLA', () => openTensorFlowExecutor({ xla: true }))
} else describe("executor 'tensorflow'", () => test.skip(`needs TensorFlow: ${reason}`))
