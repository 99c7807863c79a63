import { definePlugin, isSkipwiseError } from '@skipwise/core'
import { z } from 'zod'
import { openTfjsExecutor } from './executor.js'

/** Eager TensorFlow.js: the fallback where ONNX Runtime does not run, and the oracle of the tests. */
export const tfjsExecutor = definePlugin({
  kind: 'executor',
  name: 'tfjs',
  summary: 'eager TensorFlow.js: cpu, wasm, or tensorflow when tfjs-node(-gpu) is installed',
  config: z.strictObject({ backend: z.string().default('wasm') }),
  create: ({ backend }) => ({
    open: () => openTfjsExecutor(backend),
    async unavailable() {
      try {
        await openTfjsExecutor(backend)
        return undefined
      } catch (error) {
        return isSkipwiseError(error) ? `${error.problem}; ${error.fix}` : String(error)
      }
    }
  })
})
