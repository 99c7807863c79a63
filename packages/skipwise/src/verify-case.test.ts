import { sharedFixture } from '@skipwise/testing'
import { readHuggingFaceRope } from '@skipwise/interpolation'
import { expect, test } from 'vitest'
import { openExecutor } from './parts.js'
import { defaultRegistry } from './registry.js'
import { verifyCase } from './verify-case.js'

const parts = { registry: defaultRegistry, readRope: readHuggingFaceRope }
const cases = ['llama-default', 'llama-gqa-linear', 'llama-gqa-yarn', 'llama-sharded-bf16', 'llama-llama3', 'llama-longrope', 'llama-yarn-knobs', 'mistral-default', 'qwen2-yarn']

test.skipIf(!sharedFixture('models')).each(cases.flatMap(name => ['onnx', 'tfjs:cpu'].map(executor => [name, executor])))('%s passes on %s', async (name, executor) => {
  const folder = sharedFixture(`models/${name}`) as string
  expect(await verifyCase(folder, await openExecutor(defaultRegistry, executor), parts)).toMatchObject({ case: name, passed: true })
})

test('a folder that is no case is refused', async () => {
  const executor = await openExecutor(defaultRegistry, 'onnx')
  await expect(verifyCase(import.meta.dirname, executor, parts)).rejects.toMatchObject({ code: 'MODEL_CONFIG_NOT_FOUND' })
})
