import { describeExecutor } from '@skipwise/testing'
import { describe, expect, test } from 'vitest'
import { openDeviceExecutor, whyUnavailable } from './device-executor.js'
import { lackingKernels } from './device-program.js'

for (const device of ['webgpu', 'cuda'] as const) {
  const reason = await whyUnavailable(device)
  if (reason === undefined)
    describeExecutor(`onnx, ${device}`, () => openDeviceExecutor(device), { lacks: lackingKernels(device) })
  else {
    describe(`executor 'onnx, ${device}'`, () => test.skip(`needs a device: ${reason}`))
    test(`without ${device}: says what is missing and what to do`, async () => {
      await expect(openDeviceExecutor(device)).rejects.toMatchObject({
        code: 'EXECUTOR_UNAVAILABLE',
        problem: expect.stringContaining(`cannot use ${device}: `) as string,
        fix: expect.stringMatching(/install/) as string
      })
    })
  }
}
