import util from 'node:util'
import { expect, test } from 'vitest'
import { describeExecutor } from '@skipwise/testing'
import { openTfjsExecutor } from './executor.js'

describeExecutor('tfjs cpu', () => openTfjsExecutor('cpu'))
describeExecutor('tfjs wasm', () => openTfjsExecutor('wasm'), { lacks: ['UnsortedSegmentSum'] })

test('tfjs-node without util.isNullOrUndefined, which Node 23 removed, is refused with the way out', async () => {
  const removed = (util as { isNullOrUndefined?: unknown }).isNullOrUndefined
  delete (util as { isNullOrUndefined?: unknown }).isNullOrUndefined
  try {
    await expect(openTfjsExecutor('tensorflow')).rejects.toMatchObject({ code: 'EXECUTOR_UNAVAILABLE', fix: expect.stringContaining('the executor tensorflow') as string })
  } finally {
    if (removed) Object.assign(util, { isNullOrUndefined: removed })
  }
})
