import { isSkipwiseError, randomStream, validate, type Plugin, type StandardSchemaV1 } from '@skipwise/core'
import { forward, runBlocks, type Architecture, type ModelDefinition, type PositionalEncoding } from '@skipwise/nn'
import { causalAttention, rotaryHalf, sizeOf, tf } from '@skipwise/runtime'
import { beforeAll, describe, expect, test } from 'vitest'
import { matchers } from '../allclose.js'

/** What {@link describeArchitecture} runs over. */
export interface ArchitectureConformance {
  /** What each `config.json` is about → the file's content; sizes as small as they can be, V ≥ 8. */
  readonly configs: Readonly<Record<string, Readonly<Record<string, unknown>>>>
}

/** Angles of an own rotary encoding, so that no plugin is needed. */
const encoding: PositionalEncoding = {
  tables(positionIds, { inverseFrequencies }) {
    const angles = Array.from(positionIds, position => Array.from(inverseFrequencies, frequency => position * frequency)).flat()
    return { cos: Float32Array.from(angles, Math.cos), sin: Float32Array.from(angles, Math.sin) }
  },
  apply: rotaryHalf
}

/**
 * The conformance suite of architectures; call it in a vitest file. It holds a plugin to what training and inference rely on: shapes,
 * unique parameter names that are all used, causality by index also where position ids skip, rows of a batch that do not see each other,
 * attention through the context once a layer, and gradients that agree with finite differences. Runs eagerly on the cpu backend of tfjs.
 *
 * @example
 * ```ts
 * describeArchitecture(llama, { configs: { 'multi-head': { model_type: 'llama', vocab_size: 16, … } } })
 * ```
 */
export function describeArchitecture<Schema extends StandardSchemaV1>(plugin: Plugin<'architecture', string, Schema, Architecture>, { configs }: ArchitectureConformance): void {
  expect.extend(matchers)
  const create = () => plugin.create(validate(plugin.config, {}, 'PLUGIN_CONFIG', plugin.name))
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
    for (const [label, config] of Object.entries(configs)) describe(label, () => describeModel(create().define(Object.freeze({ ...config }))))
  })
}

function describeModel(model: ModelDefinition): void {
  const { vocabSize: V, hiddenSize: d, heads: H, keyValueHeads: K, headDim: D, layers, rotaryDim } = model.geometry
  const weights = randomWeights(model), inverseFrequencies = Float64Array.from({ length: rotaryDim / 2 }, (_, i) => 100 ** ((-2 * i) / rotaryDim))
  const contiguous = [0, 1, 2, 3, 4, 5], skipping = [0, 1, 2, 40, 41, 42], sentence = [3, 1, 4, 1, 5, 2], other = [2, 7, 1, 6, 0, 6]

  const inputsOf = (ids: readonly number[], positions: readonly number[], batch: number) => {
    const { cos, sin } = encoding.tables(Int32Array.from(positions), { inverseFrequencies, attentionFactor: 1, softmaxScale: 1 })
    const table = (data: Float32Array) => tf.tensor3d(data, [batch, ids.length / batch, rotaryDim / 2])
    return { batch, ids: tf.tensor1d([...ids], 'int32'), cos: table(cos), sin: table(sin), softmaxScale: 1 }
  }
  const tensorsOf = (values: ReadonlyMap<string, Float32Array>) =>
    Object.fromEntries(model.parameters.map(({ name, shape }) => [name, tf.tensor(values.get(name) as Float32Array, [...shape])]))
  const logitsOf = (parameters: Readonly<Record<string, tf.Tensor>>, inputs: ReturnType<typeof inputsOf>) => {
    const { hidden, weight } = forward(model, encoding, parameters, inputs)
    return tf.matMul(hidden, weight, false, true) as tf.Tensor2D
  }
  /** Logits of whole sequences, [N, V]. */
  const logits = (ids: readonly number[], positions: readonly number[] = contiguous, batch = 1, values = weights): Float32Array =>
    tf.tidy(() => logitsOf(tensorsOf(values), inputsOf(ids, positions, batch)).dataSync<'float32'>())
  const rows = (values: Float32Array, begin: number, end: number) => values.slice(begin * V, end * V)

  test('has the shapes that it says', () =>
    tf.tidy(() => {
      const parameters = tensorsOf(weights), inputs = inputsOf([...sentence, ...other], [...contiguous, ...skipping], 2)
      expect(model.embed(parameters, inputs.ids).shape).toEqual([12, d])
      const { hidden, weight } = forward(model, encoding, parameters, inputs)
      expect([hidden.shape, weight.shape]).toEqual([[12, d], [V, d]])
      expect(H % K).toBe(0)
      expect(rotaryDim % 2 === 0 && rotaryDim <= D).toBe(true)
      expect(logits(sentence).every(Number.isFinite)).toBe(true)
    }))

  test('names every parameter once, with whole sizes', () => {
    expect(new Set(model.parameters.map(({ name }) => name)).size).toBe(model.parameters.length)
    for (const { name, shape } of model.parameters) expect(shape.length > 0 && shape.every(size => Number.isInteger(size) && size > 0), name).toBe(true)
  })

  test.each([['contiguous', contiguous], ['skipping', skipping]])('is causal by index at %s position ids', (_, positions) => {
    const before = logits(sentence, positions)
    for (let t = 1; t < sentence.length; t++) {
      const changed = logits(sentence.map((id, i) => (i === t ? (id + 1) % V : id)), positions)
      expect(rows(changed, 0, t)).toEqual(rows(before, 0, t))
      expect(rows(changed, t, t + 1)).not.toEqual(rows(before, t, t + 1))
    }
  })

  test('attends chunk 1 from chunk 2 where position ids skip', () => {
    const before = logits(sentence, skipping), changed = logits([sentence[0], 6, ...sentence.slice(2)], skipping)
    for (let t = 3; t < 6; t++) expect(distance(rows(changed, t, t + 1), rows(before, t, t + 1)), `token ${t}`).toBeGreaterThan(1e-4)
    expect(distance(rows(before, 3, 6), rows(logits(sentence), 3, 6))).toBeGreaterThan(1e-4)
  })

  test('computes the rows of a batch as if each were alone', () => {
    const together = logits([...sentence, ...other], [...skipping, ...contiguous], 2)
    expect(rows(together, 0, 6)).toBeAllclose(logits(sentence, skipping), { absolute: 1e-5 })
    expect(rows(together, 6, 12)).toBeAllclose(logits(other), { absolute: 1e-5 })
  })

  test('encodes queries and keys and attends through the context, once a layer in order', () =>
    tf.tidy(() => {
      const { ids, cos, sin } = inputsOf([...sentence, ...other], [...contiguous, ...contiguous], 2), encoded: number[][] = [], attended: unknown[] = []
      runBlocks(model, tensorsOf(weights), ids, {
        batch: 2,
        length: 6,
        encode: x => {
          encoded.push(x.shape)
          return rotaryHalf(x, cos, sin)
        },
        attend: (layer, query, key, value) => {
          attended.push([layer, query.shape, key.shape, value.shape])
          return causalAttention(query, key, value, 1)
        }
      })
      expect(encoded).toEqual(Array.from({ length: layers }, () => [[2, 6, H, D], [2, 6, K, D]]).flat())
      expect(attended).toEqual(Array.from({ length: layers }, (_, layer) => [layer, [2, 6, H, D], [2, 6, K, D], [2, 6, K, D]]))
    }))

  test('has the gradients of finite differences, by some elements of every parameter', () => {
    const labels = [1, 4, 1, 5, 2, 3], names = model.parameters.map(({ name }) => name)
    const gradients = tf.tidy(() => {
      const values = tensorsOf(weights), inputs = inputsOf(sentence, skipping, 1), target = tf.oneHot(labels, V)
      const loss = (...tensors: tf.Tensor[]) =>
        tf.neg(tf.sum(tf.mul(target, tf.logSoftmax(logitsOf(Object.fromEntries(names.map((name, i) => [name, tensors[i]])), inputs))))) as tf.Scalar
      return tf.grads(loss)(names.map(name => values[name])).map(gradient => gradient.dataSync<'float32'>())
    })
    const lossAt = (name: string, element: number, change: number) => {
      const moved = Float32Array.from(weights.get(name) as Float32Array)
      moved[element] += change
      return crossEntropy(logits(sentence, skipping, 1, new Map([...weights, [name, moved]])), labels, V)
    }
    names.forEach((name, i) => {
      const largest = gradients[i].reduce((best, value, at, all) => (Math.abs(value) > Math.abs(all[best]) ? at : best), 0)
      const random = randomStream({ seed: 0, stream: `elements of ${name}` })
      expect(Math.abs(gradients[i][largest]), `${name} has no influence`).toBeGreaterThan(1e-4)
      for (const element of [largest, random.integer(0, gradients[i].length - 1)]) {
        const difference = (lossAt(name, element, STEP) - lossAt(name, element, -STEP)) / (2 * STEP)
        expect(Math.abs(difference - gradients[i][element]), `${name}[${element}]: ${gradients[i][element]}, by differences ${difference}`).toBeLessThan(2e-3 + 1e-2 * Math.abs(difference))
      }
    })
  })
}

/** Wide enough for float32 logits, narrow enough for the curvature of a tiny model. */
const STEP = 1e-2

/** Weights that make everything matter: norms near 1, biases away from 0. */
function randomWeights(model: ModelDefinition): Map<string, Float32Array> {
  return new Map(
    model.parameters.map(({ name, shape, initializer }) => {
      const random = randomStream({ seed: 0, stream: `architecture conformance ${name}` }), [mean, deviation] = initializer === 'ones' ? [1, 0.1] : [0, initializer === 'zeros' ? 0.2 : 0.4]
      return [name, Float32Array.from({ length: sizeOf(shape) }, () => mean + deviation * random.normal())]
    })
  )
}

/** −Σ log softmax(logits)[label] over the rows, in float64. */
function crossEntropy(logits: Float32Array, labels: readonly number[], V: number): number {
  return labels.reduce((sum, label, t) => {
    const row = Array.from(logits.subarray(t * V, (t + 1) * V)), maximum = Math.max(...row)
    return sum + maximum + Math.log(row.reduce((total, logit) => total + Math.exp(logit - maximum), 0)) - row[label]
  }, 0)
}

const distance = (a: Float32Array, b: Float32Array) => a.reduce((worst, value, i) => Math.max(worst, Math.abs(value - b[i])), 0)
