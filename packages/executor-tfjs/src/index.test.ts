import util from 'node:util'
import { expect, test } from 'vitest'
import { describeExecutor } from '@skipwise/testing'
import { openTfjsExecutor, tfjsExecutor } from './index.js'

describeExecutor('tfjs cpu', () => openTfjsExecutor('cpu'))
describeExecutor('tfjs wasm', () => openTfjsExecutor('wasm'), { lacks: ['UnsortedSegmentSum'] })

test('tfjs-node without util.isNullOrUndefined, which Node 23 removed, is refused with the way out', async () => {
  const removed = (util as { isNullOrUndefined?: unknown }).isNullOrUndefined
  delete (util as { isNullOrUndefined?: unknown }).isNullOrUndefined
  try {
    await expect(openTfjsExecutor('tensorflow')).rejects.toMatchObject({
      code: 'EXECUTOR_UNAVAILABLE',
      fix: expect.stringContaining('the executor tensorflow') as string
    })
  } finally {
    if (removed) Object.assign(util, { isNullOrUndefined: removed })
  }
})

test('why a backend is not usable comes with what to do', async () => {
  const reason = await tfjsExecutor({ backend: 'nosuch' }).unavailable()
  expect(reason).toMatch(/'nosuch' cannot be used: no such backend is registered.*; use the backend cpu or wasm/)
  expect(await tfjsExecutor({ backend: 'cpu' }).unavailable()).toBeUndefined()
})
