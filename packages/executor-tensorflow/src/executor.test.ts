import { describeExecutor, describeStoredWeights } from '@skipwise/testing'
import { describe, test } from 'vitest'
import { openTensorFlowExecutor } from './executor.js'
import { unavailableReason } from './index.js'

const reason = unavailableReason()
if (reason === undefined) {
  describeExecutor('tensorflow', () => openTensorFlowExecutor())
  describeExecutor('tensorflow, XLA', () => openTensorFlowExecutor({ xla: true }))
  // its graph optimizer orders products of int8's scales in another way
  const tolerance = { absolute: 1e-5, relative: 1e-5 }
  describeStoredWeights('tensorflow', () => openTensorFlowExecutor(), { tolerance })
  describeStoredWeights('tensorflow, bfloat16', () => openTensorFlowExecutor({ dtype: 'bfloat16' }), {
    tolerance
  })
} else describe("executor 'tensorflow'", () => test.skip(`needs TensorFlow: ${reason}`))
