import type { ModelDefinition } from '@skipwise/nn'
import { adamWHyper, openInterpreter } from '@skipwise/runtime'
import { describe, expect, test } from 'vitest'
import { gradientName } from './loss-program.js'
import golden from './golden/adamw.json' with { type: 'json' }
import { meanName, traceUpdate, varianceName } from './update-program.js'

const parameters = [
  { name: 'matrix', shape: [3, 4], initializer: 'normal' },
  { name: 'vector', shape: [4], initializer: 'normal' }
] as const
const state = parameters.flatMap(({ name, shape }) =>
  [name, meanName(name), varianceName(name)].map(key => ({ key, shape }))
)

describe('AdamW with clipping', () => {
  test(`equals ${golden.origin}, step by step`, async () => {
    const executor = await openInterpreter()
    const { learningRate, beta1, beta2, epsilon, weightDecay, maxGradientNorm } = golden.options
    const graph = traceUpdate({ parameters } as unknown as ModelDefinition, gradientName, name =>
      name === 'matrix' ? weightDecay : 0
    )
    const program = await executor.compile(graph, { donate: Object.fromEntries(state.map(({ key }) => [key, key])) })
    const upload = (shape: readonly number[], data?: readonly number[]) =>
      executor.upload({ shape, dtype: 'float32' }, data && Float32Array.from(data))
    let values = Object.fromEntries(
      state.map(({ key, shape }) => [
        key,
        upload(shape, golden.initial[parameters.findIndex(({ name }) => name === key)])
      ])
    )

    for (const [step, expected] of golden.steps.entries()) {
      const numbers: Record<(typeof adamWHyper)[number], number> = {
        learningRate,
        beta1,
        beta2,
        epsilon,
        maxGradientNorm,
        gradientScale: 1,
        biasCorrection1: 1 - beta1 ** (step + 1),
        biasCorrection2: 1 - beta2 ** (step + 1)
      }
      const gradients = Object.fromEntries(
        parameters.map(({ name, shape }, i) => [gradientName(name), upload(shape, expected.gradients[i])])
      )
      const { gradientNorm, ...next } = await program.run({
        ...values,
        ...gradients,
        hyper: upload(
          [8],
          adamWHyper.map(name => numbers[name])
        )
      })
      values = next
      expect((await executor.read(gradientNorm))[0]).toBeCloseTo(expected.gradientNorm, 5)
      for (const [i, { name }] of parameters.entries()) {
        const got = await executor.read(values[name])
        expected.parameters[i].forEach((want, at) => expect(Math.abs(got[at] - want)).toBeLessThan(1e-6))
      }
    }
    await program.dispose()
  })
})
