import { forward, logits } from '@skipwise/nn'
import { tf } from '@skipwise/runtime'
import { matchers, plainFrequencies, rotary } from '@skipwise/testing'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { beforeAll, describe, expect, test } from 'vitest'
import { gptneox } from './index.js'

expect.extend(matchers)
beforeAll(() => tf.setBackend('cpu'))

interface GoldenCase {
  readonly config: Readonly<Record<string, unknown>>
  readonly weights: Readonly<Record<string, string>>
  readonly logits: readonly number[]
  readonly loss: number
  readonly gradients: Readonly<Record<string, string>>
}

// by tools/golden/gptneox.py, in float64
const golden = JSON.parse(await readFile(join(import.meta.dirname, '../test/golden/gptneox.json'), 'utf8')) as {
  readonly origin: string
  readonly ids: readonly number[]
  readonly positionIds: readonly number[]
  readonly cases: Readonly<Record<string, GoldenCase>>
}

const floats = (base64: string): Float32Array => new Float32Array(Uint8Array.from(Buffer.from(base64, 'base64')).buffer)

const [T, V] = [golden.ids.length, 12]

describe.each(Object.entries(golden.cases))(`as ${golden.origin} computes: %s`, (_, given) => {
  const model = gptneox().define(given.config)
  const names = model.parameters.map(({ name }) => name)
  const tensors = model.parameters.map(({ name, shape }) =>
    tf.tensor(floats(given.weights[name]), [...shape], 'float32')
  )
  const frequencies = plainFrequencies(model.geometry.rotaryDim, Number(given.config['rotary_emb_base'] ?? 10_000))
  const { cos, sin } = rotary.tables(Int32Array.from(golden.positionIds), frequencies)
  const R = model.geometry.rotaryDim

  const compute = (weights: readonly tf.Tensor[]): tf.Tensor2D =>
    logits(
      forward(model, rotary, Object.fromEntries(names.map((name, i) => [name, weights[i]])), {
        ids: tf.tensor1d([...golden.ids], 'int32'),
        batch: 1,
        cos: tf.tensor3d(cos, [1, T, R / 2]),
        sin: tf.tensor3d(sin, [1, T, R / 2]),
        softmaxScale: 1
      })
    )

  const lossOf = (...weights: tf.Tensor[]): tf.Scalar => {
    const rows = tf.slice(tf.logSoftmax(compute(weights)), [0, 0], [T - 1, V])
    const labels = tf.oneHot(tf.tensor1d(golden.ids.slice(1), 'int32'), V)
    return tf.neg(tf.mean(tf.sum(tf.mul(rows, labels), 1)))
  }

  test('names are those of the checkpoint', () => expect([...names].sort()).toEqual(Object.keys(given.weights).sort()))

  test('logits, at positions that skip', () =>
    expect(compute(tensors).dataSync<'float32'>()).toBeAllclose(given.logits, { absolute: 2e-5 }))

  test('loss and the gradients of every parameter', () => {
    expect(Math.abs(lossOf(...tensors).dataSync()[0] - given.loss)).toBeLessThan(1e-5)
    const gradients = tf.grads(lossOf)(tensors)
    names.forEach((name, i) =>
      expect(gradients[i].dataSync<'float32'>(), name).toBeAllclose(floats(given.gradients[name]), { absolute: 2e-5 })
    )
  })
})
