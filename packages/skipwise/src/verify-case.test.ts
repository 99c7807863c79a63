import { sharedFixture } from '@skipwise/testing'
import { readHuggingFaceRope } from '@skipwise/interpolation'
import { readdirSync } from 'node:fs'
import { expect, test } from 'vitest'
import { openExecutor } from './parts.js'
import { defaultRegistry } from './registry.js'
import { verifyCase } from './verify-case.js'

const parts = { registry: defaultRegistry, readRope: readHuggingFaceRope }
const models = sharedFixture('models')
const cases = models ? readdirSync(models).sort() : ['the shared fixtures']

test.skipIf(!models).each(cases.flatMap(name => ['onnx', 'tfjs:cpu'].map(executor => [name, executor])))(
  '%s passes on %s',
  async (name, executor) => {
    const folder = sharedFixture(`models/${name}`) as string
    expect(await verifyCase(folder, await openExecutor(defaultRegistry, executor), parts)).toMatchObject({
      case: name,
      passed: true
    })
  }
)

test('a folder that is no case is refused', async () => {
  const executor = await openExecutor(defaultRegistry, 'onnx')
  await expect(verifyCase(import.meta.dirname, executor, parts)).rejects.toMatchObject({
    code: 'MODEL_CONFIG_NOT_FOUND'
  })
})
