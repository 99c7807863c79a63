import { definePlugin } from '@skipwise/core'
import type { PositionalEncoding } from '@skipwise/nn'
import { z } from 'zod'

/** No positional encoding: only the causal mask carries the order (Kazemnejad et al., NeurIPS 2023). */
export const nope = definePlugin({
  kind: 'positional-encoding',
  name: 'nope',
  summary: 'no positional encoding: order only by the causal mask',
  config: z.strictObject({}),
  create: (): PositionalEncoding => ({
    tables: () => ({ cos: new Float32Array(0), sin: new Float32Array(0) }),
    apply: x => x
  })
})
