import { openSafetensors } from '@skipwise/checkpoints'
import { randomStream } from '@skipwise/core'
import { createHash } from 'node:crypto'
import { readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { forward, logits } from '@skipwise/nn'
import { tf } from '@skipwise/runtime'
import { rotary } from '@skipwise/testing'
import { frequencies, model, newFolder, setup } from '../test/tiny-run.js'
import plain from './golden/lora.json' with { type: 'json' }
import rankStabilized from './golden/lora-rslora.json' with { type: 'json' }
import { initializeWeights } from './initialize.js'
import { initializeAdapters, loraScale, mergeAdapter, type LoraOptions } from './lora.js'
import { writePeftAdapter } from './peft-adapter.js'
import { train } from './train.js'
import { trainedParameters } from './trained-parameters.js'

const lora: LoraOptions = { rank: 2, alpha: 8, targets: ['q_proj', 'v_proj', 'down_proj'], seed: 5 }
const names = (options: LoraOptions) =>
  trainedParameters(model, { lora: options }).adapters.map(({ target }) => target.split('.').slice(-3, -1).join('.'))

describe('the adapters of a model', () => {
  test('are of the targets alone, in every layer', () => {
    expect(names({ ...lora, targets: ['q_proj'] })).toEqual(['self_attn.q_proj', 'self_attn.q_proj'])
    expect(new Set(names({ ...lora, targets: ['self_attn.v_proj', 'up_proj'] }))).toEqual(
      new Set(['self_attn.v_proj', 'mlp.up_proj'])
    )
    expect(names({ ...lora, targets: 'all-linear' })).toHaveLength(14)
  })

  test.each([
    ['a module that is not there', { targets: ['query'] }, "the model has no matrix called 'query'"],
    ['a part of a name', { targets: ['proj'] }, "the model has no matrix called 'proj'"],
    ['a norm', { targets: ['norm'] }, "the model has no matrix called 'norm'"],
    ['the output layer', { targets: ['lm_head'] }, "'lm_head' is an embedding or the output layer"],
    ['a module to train whole that is not there', { alsoTrain: ['wte'] }, "the model has no module called 'wte'"],
    ['a module named twice', { alsoTrain: ['down_proj'] }, 'is both a target of adapters and trained in full']
  ])('refuse %s', (_, changes, problem) => {
    expect(() => names({ ...lora, ...changes })).toThrow(`TRAINING_LORA: `)
    expect(() => names({ ...lora, ...changes })).toThrow(problem)
  })

  test('start as PEFT starts them: A uniform in ±1/√in, B zero', () => {
    const { adapters } = trainedParameters(model, { lora: { ...lora, rank: 64 } })
    const tensors = initializeAdapters(adapters, 5)
    for (const { a, b } of adapters) {
      const values = tensors.get(a.name) as Float32Array
      const bound = 1 / Math.sqrt(a.shape[1])
      const deviation = Math.sqrt(values.reduce((sum, value) => sum + value * value, 0) / values.length)
      expect(Math.max(...values.map(Math.abs))).toBeLessThanOrEqual(Math.fround(bound))
      expect(Math.abs(deviation / (bound / Math.sqrt(3)) - 1)).toBeLessThan(0.06)
      expect(new Set(tensors.get(b.name))).toEqual(new Set([0]))
    }
    expect(initializeAdapters(adapters, 5)).toEqual(tensors)
    expect(initializeAdapters(adapters, 6)).not.toEqual(tensors)
  })
})

describe('training with adapters', () => {
  test('learns, and changes only what adapters and alsoTrain name', async () => {
    const run = await setup({ steps: 40, lora: { ...lora, alsoTrain: ['input_layernorm', 'model.norm'] } })
    const { weights, losses } = await train(run)
    expect(losses[39]).toBeLessThan(losses[0] - 0.2)
    for (const [name, before] of run.weights) {
      if (/q_proj|v_proj|down_proj|input_layernorm|model\.norm/.test(name))
        expect(weights.get(name), name).not.toEqual(before)
      else expect(weights.get(name), name).toEqual(before)
    }
  })

  test('moves A and B by the gradients of the merged matrix: dB = s·dW·Aᵀ, dA = s·Bᵀ·dW', async () => {
    // Plain descent shows in one step of AdamW only the sign, so the product of the first step is compared: B moves
    // against the sign of dW·Aᵀ, A stays, its gradient is zero while B is.
    const one = { steps: 1, maxGradientNorm: 1e9, warmup: 0 }
    const run = await setup({ ...one, lora: { ...lora, targets: ['q_proj'] } })
    const { adapters } = await train(run)
    const start = initializeAdapters(
      trainedParameters(model, { lora: { ...lora, targets: ['q_proj'] } }).adapters,
      lora.seed
    )
    const whole = await train(await setup({ ...one, epsilon: 1, learningRate: 1 }))
    const at = 'model.layers.1.self_attn.q_proj'
    const before = run.weights.get(`${at}.weight`) as Float32Array
    const after = whole.weights.get(`${at}.weight`) as Float32Array
    const A = start.get(`${at}.lora_A.weight`) as Float32Array
    const B = adapters?.get(`${at}.lora_B.weight`) as Float32Array
    expect(adapters?.get(`${at}.lora_A.weight`)).toEqual(A)
    // with epsilon 1 a step is g / (|g| + 1): the gradient can be read back
    const gradient = before.map((value, i) => {
      const step = value - after[i]
      return step / (1 - Math.abs(step))
    })
    for (let row = 0; row < 16; row++) {
      for (let k = 0; k < 2; k++) {
        let expected = 0
        for (let j = 0; j < 16; j++) expected += gradient[row * 16 + j] * A[k * 16 + j]
        if (Math.abs(expected) > 1e-4) expect(Math.sign(B[row * 2 + k])).toBe(-Math.sign(expected))
      }
    }
  })

  test('goes on from a saved state to the same bytes; the state holds adapters alone', async () => {
    const whole = await train(await setup({ lora }))
    const abort = new AbortController()
    const interrupted = await setup(
      { lora },
      { signal: abort.signal, progress: ({ done }) => done === 7 && abort.abort() }
    )
    await expect(train(interrupted)).rejects.toThrow('TRAINING_INTERRUPTED')
    const file = join(interrupted.stateFolder, 'state.safetensors')
    const state = await openSafetensors(file)
    expect(state.names.filter(name => !/lora_[AB]/.test(name))).toEqual(['gradientNorms', 'losses'])
    await state.close()
    const { signal: _, progress: __, ...again } = interrupted
    const resumed = await train(again)
    expect([resumed.weights, resumed.adapters, resumed.losses]).toEqual([whole.weights, whole.adapters, whole.losses])
  })

  test('keeps a tenth of the optimizer state of training whole', async () => {
    const sizes = await Promise.all(
      [{ lora: { ...lora, targets: ['q_proj'] } }, {}].map(async options => {
        const abort = new AbortController()
        const run = await setup(options, { signal: abort.signal, progress: () => abort.abort() })
        await expect(train(run)).rejects.toThrow('TRAINING_INTERRUPTED')
        return (await stat(join(run.stateFolder, 'state.safetensors'))).size
      })
    )
    expect(sizes[0]).toBeLessThan(sizes[1] / 10)
  })
})

test.each([1, 3, 4, 8, 11])('merging sums rank %i in order, in float64', rank => {
  const [rows, columns] = [3, 5]
  const random = randomStream({ seed: rank, stream: 'merge' })
  const numbers = (length: number) => Float32Array.from({ length }, () => random.normal())
  const [weight, a, b] = [numbers(rows * columns), numbers(rank * columns), numbers(rows * rank)]
  const adapter = {
    target: 'w',
    a: { name: 'a', shape: [rank, columns], initializer: 'normal' },
    b: { name: 'b', shape: [rows, rank], initializer: 'zeros' }
  } as const
  const merged = mergeAdapter(weight, adapter, a, b, 0.3)
  weight.forEach((value, at) => {
    const [i, j] = [Math.floor(at / columns), at % columns]
    let sum = 0
    for (let k = 0; k < rank; k++) sum += 0.3 * b[i * rank + k] * a[k * columns + j]
    expect(merged[at]).toBe(Math.fround(value + sum))
  })
})

describe.each([
  ['LoRA', plain],
  ['rsLoRA', rankStabilized]
] as const)('an adapter written for PEFT, %s', (_, golden) => {
  const { options } = golden as unknown as { options: LoraOptions }
  /** The adapter that the golden values were made of: A as it starts, B and norms random. */
  const sample = () => {
    const { adapters, trained } = trainedParameters(model, { lora: options })
    const base = initializeWeights(model, { seed: 0 })
    const tensors = initializeAdapters(adapters, options.seed)
    for (const { name, shape } of trained) {
      const random = randomStream({ seed: 1, stream: name })
      if (!name.endsWith('lora_A.weight'))
        tensors.set(
          name,
          Float32Array.from(
            { length: shape.reduce((a, b) => a * b) },
            () => (name.endsWith('norm.weight') ? 1 : 0) + 0.2 * random.normal()
          )
        )
    }
    return { adapters, base, tensors }
  }

  test('is the file that PEFT loaded', async () => {
    const folder = await newFolder()
    await writePeftAdapter(folder, {
      parameters: model.parameters,
      lora: options,
      tensors: sample().tensors,
      baseModel: null
    })
    expect(
      createHash('sha256')
        .update(await readFile(join(folder, 'adapter_model.safetensors')))
        .digest('hex')
    ).toBe(golden.sha256)
    expect(JSON.parse(await readFile(join(folder, 'adapter_config.json'), 'utf8'))).toEqual(golden.config)
  })

  test('is scaled as PEFT scales it', () => {
    expect(loraScale(options)).toBeCloseTo(golden.scale, 12)
  })

  test('gives merged the logits that PEFT gives with it', async () => {
    await tf.setBackend('cpu')
    const { adapters, base, tensors } = sample()
    const ids = Int32Array.from(golden.ids)
    const merged = new Map([...base, ...tensors])
    for (const adapter of adapters)
      merged.set(
        adapter.target,
        mergeAdapter(
          base.get(adapter.target) as Float32Array,
          adapter,
          tensors.get(adapter.a.name) as Float32Array,
          tensors.get(adapter.b.name) as Float32Array,
          loraScale(options)
        )
      )
    const { cos, sin } = rotary.tables(
      ids.map((_, t) => t),
      frequencies
    )
    const shape = [1, ids.length, 4] as [number, number, number]
    const parameters = Object.fromEntries(
      model.parameters.map(({ name, shape }) => [name, tf.tensor(merged.get(name) as Float32Array, [...shape])])
    )
    const head = forward(model, rotary, parameters, {
      batch: 1,
      ids: tf.tensor1d(ids, 'int32'),
      cos: tf.tensor3d(cos, shape),
      sin: tf.tensor3d(sin, shape),
      softmaxScale: 1
    })
    const ours = logits(head).dataSync()
    expect(ours).toHaveLength(golden.logits.length)
    golden.logits.forEach((value, i) => expect(Math.abs(value - ours[i])).toBeLessThan(1e-4))
  })
})
