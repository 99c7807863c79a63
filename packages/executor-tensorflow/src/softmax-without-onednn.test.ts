import { expect, test } from 'vitest'
import { loadBinding } from './binding.js'
import { unavailableReason } from './index.js'
import { roundsSoftmaxOnce } from './softmax-precision.js'

// TensorFlow reads it when it is loaded: once in the process of this file.
process.env['TF_ENABLE_ONEDNN_OPTS'] = '0'
const reason = unavailableReason() ?? (loadBinding().isUsingGpuDevice() ? 'a GPU has a softmax of its own' : undefined)

test.skipIf(reason)(
  `without oneDNN a softmax of bfloat16 rounds in between, and is found out${reason ? ` (skipped: ${reason})` : ''}`,
  () => {
    expect(roundsSoftmaxOnce(loadBinding())).toBe(false)
  }
)
