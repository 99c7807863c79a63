import { describe, expect, expectTypeOf, test } from 'vitest'
import {
  causalAttention,
  expandKernels,
  fusedKernels,
  shapeRules,
  tf,
  trace,
  type AttributesOf,
  type BuiltInKernels,
  type StorageKernels,
  type ByInput,
  type FusedKernelDefinition,
  type InputOf,
  type TfjsKernels
} from './index.js'

describe('a fused kernel', () => {
  test('does not compile without a shape rule, a definition or a gradient', () => {
    type Definition = FusedKernelDefinition<'SwiGlu'>
    expectTypeOf<Omit<Definition, 'outputs'>>().not.toExtend<Definition>()
    expectTypeOf<Omit<Definition, 'compose'>>().not.toExtend<Definition>()
    expectTypeOf<Omit<Definition, 'gradient'>>().not.toExtend<Definition>()
    expectTypeOf<InputOf<'SwiGlu'>>().toEqualTypeOf<'gate' | 'up'>()
  })

  test('knows its attributes and its inputs, and which may be left out', () => {
    expectTypeOf<AttributesOf<'RmsNorm'>>().toEqualTypeOf<{ readonly epsilon: number }>()
    expectTypeOf<ByInput<'LinearCrossEntropy', number>['hidden']>().toEqualTypeOf<number>()
    expectTypeOf<ByInput<'LinearCrossEntropy', number>['bias']>().toEqualTypeOf<number | undefined>()
  })

  test('of this package is defined, and no other is', () => {
    // weights at rest are restored in graphs alone: see storeWeights
    const names: { readonly [K in Exclude<keyof BuiltInKernels, keyof StorageKernels>]: true } = {
      RmsNorm: true,
      RmsNormGrad: true,
      LayerNorm: true,
      LayerNormGrad: true,
      SwiGlu: true,
      SwiGluGrad: true,
      TanhGelu: true,
      TanhGeluGrad: true,
      Embedding: true,
      EmbeddingGrad: true,
      RotaryHalf: true,
      RotaryInterleaved: true,
      CausalAttention: true,
      CausalAttentionGrad: true,
      ChunkAttention: true,
      ChunkAttentionGrad: true,
      CachedAttention: true,
      CacheWrite: true,
      LinearCrossEntropy: true,
      LinearCrossEntropyGrad: true,
      ClippedAdamW: true
    }
    expect([...fusedKernels.keys()].sort()).toEqual(Object.keys(names).sort())
  })

  test('is computed by its definition where it says so, whatever an executor lowers', () => {
    const heads = { shape: [1, 4, 2, 2], dtype: 'float32' } as const
    const kernels = (softCap?: number) => {
      const graph = trace(
        'attention',
        ({ query, key, value }) => ({
          output: causalAttention(query as tf.Tensor4D, key as tf.Tensor4D, value as tf.Tensor4D, 1, { softCap })
        }),
        { query: heads, key: heads, value: heads }
      )
      return expandKernels(graph, () => true).nodes.map(({ kernel }) => kernel)
    }
    expect(kernels()).toContain('CausalAttention')
    expect(kernels(2)).toContain('Tanh')
    expect(kernels(2)).not.toContain('CausalAttention')
  })

  test('that is the gradient of another names one that there is', () => {
    const gradients = [...fusedKernels.values()].flatMap(({ gradientOf }) => gradientOf ?? [])
    expect(gradients.length).toBeGreaterThan(5)
    for (const name of gradients) expect(fusedKernels.get(name)?.gradient).not.toBe('none')
  })
})

test('a shape rule is there for each tfjs kernel, and tfjs knows them all', async () => {
  expectTypeOf<Omit<typeof shapeRules, 'Add'>>().not.toExtend<typeof shapeRules>()
  expectTypeOf<keyof typeof shapeRules>().toEqualTypeOf<keyof TfjsKernels>()
  await tf.setBackend('cpu')
  for (const name of Object.keys(shapeRules)) expect(tf.getKernel(name, 'cpu'), name).toBeTruthy()
})
