import { createRegistry, type Plugin, type StandardSchemaV1 } from '@skipwise/core'
import { forward, logits as logitsOf, positionTables, tableWidth, type Architecture } from '@skipwise/nn'
import { tf } from '@skipwise/runtime'
import { readFile } from 'node:fs/promises'
import { beforeAll, describe, expect, test } from 'vitest'
import { matchers } from '../allclose.js'
import { plainFrequencies, rotary } from '../models/encodings.js'

/** A model with what another implementation computes of it; tensors are base64 of little-endian float32. */
interface GoldenCase {
  readonly config: Readonly<Record<string, unknown>>
  /** Base of RoPE. */
  readonly base: number
  /** Divides the frequencies of RoPE (`linear`); 1 if not given. */
  readonly factor?: number
  readonly weights: Readonly<Record<string, string>>
  /** [T, V] */
  readonly logits: readonly number[]
  /** Mean over the labels, nats. */
  readonly loss: number
  readonly gradients: Readonly<Record<string, string>>
}

interface GoldenFile {
  /** What computed it, with its version. */
  readonly origin: string
  /** [T] */
  readonly ids: readonly number[]
  /** [T] */
  readonly positionIds: readonly number[]
  readonly cases: Readonly<Record<string, GoldenCase>>
}

/**
 * Compares models with golden values of another implementation: names of parameters, logits, loss and the gradient of
 * every parameter, element by element. Call it in a vitest file; it runs eagerly on the cpu backend of tfjs.
 *
 * @param path a JSON file as `tools/golden/families.py` writes it
 */
export async function describeGolden<Schema extends StandardSchemaV1>(
  plugin: Plugin<'architecture', string, Schema, Architecture>,
  path: string
): Promise<void> {
  expect.extend(matchers)
  const golden = JSON.parse(await readFile(path, 'utf8')) as GoldenFile
  const architecture = createRegistry().register(plugin).resolveUnknown('architecture', { name: plugin.name })
  beforeAll(() => tf.setBackend('cpu'))
  describe.each(Object.entries(golden.cases))(`as ${golden.origin} computes: %s`, (_, given) =>
    compareCase(architecture, golden, given)
  )
}

const floats = (base64: string): Float32Array => new Float32Array(Uint8Array.from(Buffer.from(base64, 'base64')).buffer)

const TOLERANCE = { absolute: 2e-5 }

function compareCase(architecture: Architecture, { ids, positionIds }: GoldenFile, given: GoldenCase): void {
  const model = architecture.define(given.config)
  const { rotaryDim: R, vocabSize: V } = model.geometry
  const T = ids.length
  const names = model.parameters.map(({ name }) => name)
  const weightsOf = () =>
    model.parameters.map(({ name, shape }) => tf.tensor(floats(given.weights[name]), [...shape], 'float32'))
  const plain = plainFrequencies(R, given.base)
  const { cos, sin } = positionTables(rotary, model.geometry, Int32Array.from(positionIds), {
    ...plain,
    inverseFrequencies: plain.inverseFrequencies.map(frequency => frequency / (given.factor ?? 1))
  })

  const table = (data: Float32Array) => tf.tensor3d(data, [1, T, tableWidth(model.geometry)])
  const compute = (weights: readonly tf.Tensor[]): tf.Tensor2D =>
    logitsOf(
      forward(model, rotary, Object.fromEntries(names.map((name, i) => [name, weights[i]])), {
        ids: tf.tensor1d([...ids], 'int32'),
        batch: 1,
        cos: table(cos),
        sin: table(sin),
        softmaxScale: 1
      })
    )

  const lossOf = (...weights: tf.Tensor[]): tf.Scalar => {
    const rows = tf.slice(tf.logSoftmax(compute(weights)), [0, 0], [T - 1, V])
    const labels = tf.oneHot(tf.tensor1d(ids.slice(1), 'int32'), V)
    return tf.neg(tf.mean(tf.sum(tf.mul(rows, labels), 1)))
  }

  test('names are those of the checkpoint', () => expect([...names].sort()).toEqual(Object.keys(given.weights).sort()))

  test('logits, at positions that skip', () =>
    expect(compute(weightsOf()).dataSync<'float32'>()).toBeAllclose(given.logits, TOLERANCE))

  test('loss and the gradients of every parameter', () => {
    const weights = weightsOf()
    expect(Math.abs(lossOf(...weights).dataSync()[0] - given.loss)).toBeLessThan(1e-5)
    const gradients = tf.grads(lossOf)(weights)
    names.forEach((name, i) =>
      expect(gradients[i].dataSync<'float32'>(), name).toBeAllclose(floats(given.gradients[name]), TOLERANCE)
    )
  })
}
