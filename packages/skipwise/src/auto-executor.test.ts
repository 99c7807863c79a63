import { openOnnxExecutor } from '@skipwise/executor-onnx'
import { unavailableReason } from '@skipwise/executor-tensorflow'
import type { Executor } from '@skipwise/runtime'
import { expect, test, vi } from 'vitest'
import { autoExecutor, fasterOf } from './auto-executor.js'

const open = async (name: string): Promise<Executor> => ({
  ...(await openOnnxExecutor({ threads: 1 })),
  name,
  dispose: vi.fn(async () => {})
})

test('auto takes the faster one and closes the other; the first of two equal ones', async () => {
  const slow = await open('slow')
  const fast = await open('fast')
  const times: Record<string, number> = { slow: 2, fast: 1 }
  expect(await fasterOf([slow, fast], async ({ name }) => times[name])).toBe(fast)
  expect(slow.dispose).toHaveBeenCalledOnce()
  expect(fast.dispose).not.toHaveBeenCalled()
  expect(await fasterOf([slow, fast], async () => 1)).toBe(slow)
})

test.skipIf(unavailableReason() === undefined)(
  'auto is onnx without TensorFlow (skipped where TensorFlow is)',
  async () => {
    const executor = await autoExecutor({ threads: 1 }).open()
    expect(executor.name).toBe('onnx')
    await executor.dispose()
  }
)

test.skipIf(unavailableReason())('auto measures both with TensorFlow (skipped without it)', async () => {
  const executor = await autoExecutor().open()
  expect(['onnx', 'tensorflow']).toContain(executor.name)
  await executor.dispose()
})
