import { createRegistry, isSkipwiseError, randomStream, type Plugin, type StandardSchemaV1 } from '@skipwise/core'
import {
  attentionScale,
  forward,
  positionEncoder,
  positionTables,
  tableWidth,
  logits as logitsOf,
  runBlocks,
  sequenceContext,
  type Architecture,
  type Head,
  type ModelDefinition,
  type PositionalEncoding
} from '@skipwise/nn'
import { cachedAttention, causalAttention, rotaryHalf, sizeOf, tf } from '@skipwise/runtime'
import { beforeAll, describe, expect, test } from 'vitest'
import { matchers } from '../allclose.js'

/** What {@link describeArchitecture} runs over. */
export interface ArchitectureConformance {
  /** What each `config.json` is about → the file's content; sizes as small as they can be, V ≥ 8. */
  readonly configs: Readonly<Record<string, Readonly<Record<string, unknown>>>>
  /** Layers whose queries and keys get no positions, by what the `config.json` is about; others get them everywhere. */
  readonly withoutPositions?: Readonly<Record<string, readonly number[]>>
}

/** Own encodings, so that no plugin is needed: rotary for a model that rotates, else a bias of the distance. */
const encodingOf = ({ geometry }: ModelDefinition): PositionalEncoding => ({
  tables(positionIds, { inverseFrequencies }) {
    const angles = Array.from(positionIds, position =>
      Array.from(inverseFrequencies, frequency => position * frequency)
    ).flat()
    return {
      cos: Float32Array.from(angles, Math.cos),
      sin: Float32Array.from(angles, Math.sin),
      positions: Float32Array.from(positionIds)
    }
  },
  ...(geometry.rotaryDim > 0
    ? { apply: rotaryHalf }
    : { apply: x => x, slopes: heads => Array.from({ length: heads }, (_, h) => 0.1 / (h + 1)) })
})

/**
 * The conformance suite of architectures; call it in a vitest file. It holds a plugin to what training and inference
 * rely on: shapes, unique parameter names that are all used and that a written `config.json` gives again, causality by
 * index also where position ids skip, rows of a batch that do not see each other, attention through the context once a
 * layer, the same logits from a key/value cache in chunks, the same gradients part by part, and gradients that agree
 * with finite differences. Runs eagerly on the cpu backend of tfjs.
 *
 * @example
 * ```ts
 * const sizes = { vocab_size: 16, hidden_size: 8, intermediate_size: 12, num_hidden_layers: 2, num_attention_heads: 2 }
 * const multiHead = { model_type: 'llama', ...sizes }
 * describeArchitecture(llama, { configs: { multiHead, grouped: { ...multiHead, num_key_value_heads: 1 } } })
 * ```
 */
export function describeArchitecture<Schema extends StandardSchemaV1>(
  plugin: Plugin<'architecture', string, Schema, Architecture>,
  { configs, withoutPositions = {} }: ArchitectureConformance
): void {
  expect.extend(matchers)
  const create = () => createRegistry().register(plugin).resolveUnknown('architecture', { name: plugin.name })
  describe(`architecture '${plugin.name}'`, () => {
    beforeAll(() => tf.setBackend('cpu'))
    test('is a frozen plugin of this kind that says what it reads', () => {
      expect(plugin.kind).toBe('architecture')
      expect(Object.isFrozen(plugin)).toBe(true)
      expect(create().modelTypes.length).toBeGreaterThan(0)
    })
    test.each([{}, { model_type: 'of-no-architecture' }])('refuses %j with a code', config => {
      let thrown: unknown
      try {
        create().define(config)
      } catch (error) {
        thrown = error
      }
      expect(isSkipwiseError(thrown) && thrown.code).toBe('ARCHITECTURE_CONFIG')
    })
    for (const [label, config] of Object.entries(configs))
      describe(label, () => describeModel(create, config, withoutPositions[label]))
  })
}

function describeModel(
  create: () => Architecture,
  config: Readonly<Record<string, unknown>>,
  withoutPositions: readonly number[] = []
): void {
  const model = create().define(Object.freeze({ ...config }))
  const encoding = encodingOf(model)
  const { vocabSize: V, hiddenSize: d, heads: H, keyValueHeads: K, headDim: D, layers, rotaryDim } = model.geometry
  const weights = randomWeights(model)
  const inverseFrequencies = Float64Array.from({ length: rotaryDim / 2 }, (_, i) => 100 ** ((-2 * i) / rotaryDim))
  const contiguous = [0, 1, 2, 3, 4, 5]
  const skipping = [0, 1, 2, 40, 41, 42]
  const sentence = [3, 1, 4, 1, 5, 2]
  const other = [2, 7, 1, 6, 0, 6]

  const inputsOf = (ids: readonly number[], positions: readonly number[], batch: number) => {
    const {
      cos,
      sin,
      positions: places = []
    } = positionTables(encoding, model.geometry, Int32Array.from(positions), {
      inverseFrequencies,
      attentionFactor: 1,
      softmaxScale: 1
    })
    const table = (data: Float32Array) => tf.tensor3d(data, [batch, ids.length / batch, tableWidth(model.geometry)])
    return {
      batch,
      ids: tf.tensor1d([...ids], 'int32'),
      cos: table(cos),
      sin: table(sin),
      positions: tf.tensor2d(places, [batch, ids.length / batch]),
      softmaxScale: 1
    }
  }
  const tensorsOf = (values: ReadonlyMap<string, Float32Array>) =>
    Object.fromEntries(
      model.parameters.map(({ name, shape }) => [name, tf.tensor(values.get(name) as Float32Array, [...shape])])
    )
  /** Logits of whole sequences, [N, V]. */
  const logits = (
    ids: readonly number[],
    positions: readonly number[] = contiguous,
    batch = 1,
    values = weights
  ): Float32Array =>
    tf.tidy(() =>
      logitsOf(forward(model, encoding, tensorsOf(values), inputsOf(ids, positions, batch))).dataSync<'float32'>()
    )
  const rows = (values: Float32Array, begin: number, end: number) => values.slice(begin * V, end * V)

  test('has the shapes that it says', () =>
    tf.tidy(() => {
      const parameters = tensorsOf(weights)
      const inputs = inputsOf([...sentence, ...other], [...contiguous, ...skipping], 2)
      expect(model.embed(parameters, inputs.ids).shape).toEqual([12, d])
      const { hidden, weight, bias } = forward(model, encoding, parameters, inputs)
      expect([hidden.shape, weight.shape, bias?.shape ?? [V]]).toEqual([[12, d], [V, d], [V]])
      expect(H % K).toBe(0)
      expect(rotaryDim % 2 === 0 && rotaryDim <= D).toBe(true)
      expect(logits(sentence).every(Number.isFinite)).toBe(true)
    }))

  test('names every parameter once, with whole sizes', () => {
    expect(new Set(model.parameters.map(({ name }) => name)).size).toBe(model.parameters.length)
    for (const { name, shape } of model.parameters)
      expect(shape.length > 0 && shape.every(size => Number.isInteger(size) && size > 0), name).toBe(true)
  })

  test('is the same model again by the config.json that is written, whatever else a checkpoint holds and in whatever order', () => {
    const written = JSON.parse(JSON.stringify({ ...config, ...model.configKeys })) as Record<string, unknown>
    const again = create().define(written)
    expect(again.parameters).toEqual(model.parameters)
    expect(again.geometry).toEqual(model.geometry)
    expect(model.windowKeys.length).toBeGreaterThan(0)
    const window = create().define({ ...written, ...Object.fromEntries(model.windowKeys.map(key => [key, 4096])) })
    expect(window.geometry).toEqual({ ...model.geometry, maxPositionEmbeddings: 4096 })
    const shuffled = new Map([['unused.weight', new Float32Array(3)] as const, ...[...weights].reverse()])
    expect(logits(sentence, contiguous, 1, shuffled)).toEqual(logits(sentence))
  })

  test.each([
    ['contiguous', contiguous],
    ['skipping', skipping]
  ])('is causal by index at %s position ids', (_, positions) => {
    const before = logits(sentence, positions)
    for (let t = 1; t < sentence.length; t++) {
      const changed = logits(
        sentence.map((id, i) => (i === t ? (id + 1) % V : id)),
        positions
      )
      expect(rows(changed, 0, t)).toEqual(rows(before, 0, t))
      expect(rows(changed, t, t + 1)).not.toEqual(rows(before, t, t + 1))
    }
  })

  test('attends chunk 1 from chunk 2 where position ids skip', () => {
    const before = logits(sentence, skipping)
    const changed = logits([sentence[0], 6, ...sentence.slice(2)], skipping)
    for (let t = 3; t < 6; t++)
      expect(distance(rows(changed, t, t + 1), rows(before, t, t + 1)), `token ${t}`).toBeGreaterThan(1e-4)
    expect(distance(rows(before, 3, 6), rows(logits(sentence), 3, 6))).toBeGreaterThan(1e-4)
  })

  test('computes the rows of a batch as if each were alone', () => {
    const together = logits([...sentence, ...other], [...skipping, ...contiguous], 2)
    expect(rows(together, 0, 6)).toBeAllclose(logits(sentence, skipping), { absolute: 1e-5 })
    expect(rows(together, 6, 12)).toBeAllclose(logits(other), { absolute: 1e-5 })
  })

  test('encodes queries and keys and attends through the context, once a layer in order', () =>
    tf.tidy(() => {
      const { ids, cos, sin } = inputsOf([...sentence, ...other], [...contiguous, ...contiguous], 2)
      const encode = positionEncoder(encoding, model.geometry, cos, sin)
      const encoded: number[][] = []
      const attended: unknown[] = []
      runBlocks(model, tensorsOf(weights), ids, {
        batch: 2,
        length: 6,
        encode(x, role, isLocal) {
          encoded.push(x.shape)
          return encode(x, role, isLocal)
        },
        attend: (layer, query, key, value) => {
          attended.push([layer, query.shape, key.shape, value.shape])
          return causalAttention(query, key, value, 1)
        }
      })
      expect(encoded).toEqual(
        Array.from({ length: layers }, (_, layer) =>
          withoutPositions.includes(layer)
            ? []
            : [
                [2, 6, H, D],
                [2, 6, K, D]
              ]
        ).flat()
      )
      expect(attended).toEqual(
        Array.from({ length: layers }, (_, layer) => [layer, [2, 6, H, D], [2, 6, K, D], [2, 6, K, D]])
      )
    }))

  test('gives the same logits from a key/value cache, token by token and in chunks', () => {
    const whole = logits([...sentence, ...other], [...contiguous, ...contiguous.map(position => position + 6)])
    for (const chunks of [[5, 3, 1, 3], [1, 1, 2, 8], [12]]) {
      const capacity = 16
      const caches = Array.from({ length: layers }, () => ({
        keys: tf.zeros([1, K, capacity, D]) as tf.Tensor4D,
        values: tf.zeros([1, K, capacity, D]) as tf.Tensor4D
      }))
      const parts = chunks.map((length, i) => {
        const begin = chunks.slice(0, i).reduce((sum, size) => sum + size, 0)
        const positions = Array.from({ length }, (_, t) => begin + t)
        const { ids, cos, sin } = inputsOf([...sentence, ...other].slice(begin, begin + length), positions, 1)
        const parameters = tensorsOf(weights)
        const hidden = runBlocks(model, parameters, ids, {
          batch: 1,
          length,
          encode: positionEncoder(encoding, model.geometry, cos, sin),
          attend(layer, query, key, value, slidingWindow) {
            const cache = caches[layer]
            const inputs = {
              query,
              key,
              value,
              keyCache: cache.keys,
              valueCache: cache.values,
              pastLength: tf.scalar(begin, 'int32')
            }
            const attended = cachedAttention(inputs, attentionScale(model.geometry, 1), {
              slopes: encoding.slopes?.(H),
              slidingWindow,
              softCap: model.geometry.scoreSoftCap
            })
            caches[layer] = { keys: attended.keyCache, values: attended.valueCache }
            return attended.output
          }
        })
        return [...logitsOf(model.head(parameters, hidden)).dataSync<'float32'>()]
      })
      expect(parts.flat(), `chunks of ${chunks.join()}`).toBeAllclose(whole, { absolute: 1e-5 })
    }
  })

  test('can be cut at its hidden states: each part gives the gradients of the whole, from its own input and the gradient of its output', () =>
    tf.tidy(() => {
      const names = model.parameters.map(({ name }) => name)
      const values = tensorsOf(weights)
      const inputs = inputsOf([...sentence, ...other], [...skipping, ...contiguous], 2)
      const list = names.map(name => values[name])
      const byName = (tensors: tf.Tensor[]) => Object.fromEntries(names.map((name, i) => [name, tensors[i]]))
      const context = sequenceContext(model, encoding, { ...inputs, length: 6 })
      const loss = (head: Head) => tf.mean(tf.square(logitsOf(head))) as tf.Scalar
      const whole = tf.grads((...tensors) => loss(forward(model, encoding, byName(tensors), inputs)))(list)

      const hidden = [model.embed(values, inputs.ids)]
      for (let layer = 0; layer < layers; layer++) hidden.push(model.block(values, layer, hidden[layer], context))
      // a parameter that a part does not read has no gradient there: its value times zero is added, so that tfjs finds
      // it
      const anchored = (tensors: tf.Tensor[], y: tf.Tensor) =>
        tensors.reduce((sum, tensor) => tf.add(sum, tf.mul(tf.sum(tensor), 0)), y)
      const sums = names.map(() => tf.scalar(0) as tf.Tensor)
      const add = (gradients: tf.Tensor[]) => gradients.forEach((gradient, i) => (sums[i] = tf.add(sums[i], gradient)))
      const headGradients = tf.grads((x, ...tensors) =>
        anchored(tensors, loss(model.head(byName(tensors), x as tf.Tensor2D)))
      )([hidden[layers], ...list])
      let dy = headGradients[0]
      add(headGradients.slice(1))
      for (let layer = layers - 1; layer >= 0; layer--) {
        const [dx, ...gradients] = tf.grads((x, ...tensors) =>
          anchored(tensors, model.block(byName(tensors), layer, x as tf.Tensor2D, context))
        )([hidden[layer], ...list], dy)
        dy = dx
        add(gradients)
      }
      add(tf.grads((...tensors) => anchored(tensors, model.embed(byName(tensors), inputs.ids)))(list, dy))
      names.forEach((name, i) =>
        expect(sums[i].dataSync<'float32'>(), name).toBeAllclose(whole[i].dataSync<'float32'>(), {
          absolute: 1e-5,
          relative: 1e-4
        })
      )
    }))

  test('has the gradients of finite differences, by some elements of every parameter', () => {
    const labels = [1, 4, 1, 5, 2, 3]
    const names = model.parameters.map(({ name }) => name)
    const gradients = tf.tidy(() => {
      const values = tensorsOf(weights)
      const inputs = inputsOf(sentence, skipping, 1)
      const target = tf.oneHot(labels, V)
      const loss = (...tensors: tf.Tensor[]) =>
        tf.neg(
          tf.sum(
            tf.mul(
              target,
              tf.logSoftmax(
                logitsOf(
                  forward(model, encoding, Object.fromEntries(names.map((name, i) => [name, tensors[i]])), inputs)
                )
              )
            )
          )
        ) as tf.Scalar
      return tf
        .grads(loss)(names.map(name => values[name]))
        .map(gradient => gradient.dataSync<'float32'>())
    })
    const lossAt = (name: string, element: number, change: number) => {
      const moved = Float32Array.from(weights.get(name) as Float32Array)
      moved[element] += change
      return crossEntropy(logits(sentence, skipping, 1, new Map([...weights, [name, moved]])), labels, V)
    }
    names.forEach((name, i) => {
      const largest = gradients[i].reduce(
        (best, value, at, all) => (Math.abs(value) > Math.abs(all[best]) ? at : best),
        0
      )
      const random = randomStream({ seed: 0, stream: `elements of ${name}` })
      expect(Math.abs(gradients[i][largest]), `${name} has no influence`).toBeGreaterThan(1e-4)
      for (const element of [largest, random.integer(0, gradients[i].length - 1)]) {
        const difference = stencil.reduce(
          (sum, [steps, weight]) => sum + (weight * lossAt(name, element, steps * STEP)) / STEP,
          0
        )
        expect(
          Math.abs(difference - gradients[i][element]),
          `${name}[${element}]: ${gradients[i][element]}, by differences ${difference}`
        ).toBeLessThan(2e-3 + 1e-2 * Math.abs(difference))
      }
    })
  })
}

/**
 * The five-point rule f′ ≈ Σ weight · f(x + steps · h) / h, exact up to h⁴ (Abramowitz & Stegun 25.3.6): wide steps for
 * float32 logits, and none of their curvature.
 */
const STEP = 1e-2
const stencil = [
  [-2, 1 / 12],
  [-1, -8 / 12],
  [1, 8 / 12],
  [2, -1 / 12]
] as const

/** Weights that make everything matter: norms near 1, biases away from 0. */
function randomWeights(model: ModelDefinition): Map<string, Float32Array> {
  return new Map(
    model.parameters.map(({ name, shape, initializer }) => {
      const random = randomStream({ seed: 0, stream: `architecture conformance ${name}` })
      const [mean, deviation] = initializer === 'ones' ? [1, 0.1] : [0, initializer === 'zeros' ? 0.2 : 0.4]
      return [name, Float32Array.from({ length: sizeOf(shape) }, () => mean + deviation * random.normal())]
    })
  )
}

/** −Σ log softmax(logits)[label] over the rows, in float64. */
function crossEntropy(logits: Float32Array, labels: readonly number[], V: number): number {
  return labels.reduce((sum, label, t) => {
    const row = Array.from(logits.subarray(t * V, (t + 1) * V))
    const maximum = Math.max(...row)
    return sum + maximum + Math.log(row.reduce((total, logit) => total + Math.exp(logit - maximum), 0)) - row[label]
  }, 0)
}

const distance = (a: Float32Array, b: Float32Array) =>
  a.reduce((worst, value, i) => Math.max(worst, Math.abs(value - b[i])), 0)
