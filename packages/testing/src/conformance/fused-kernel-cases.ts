import {
  adamWHyper,
  cachedAttention,
  causalAttention,
  clippedAdamW,
  embedding,
  layerNorm,
  linearCrossEntropy,
  rmsNorm,
  rotaryHalf,
  rotaryInterleaved,
  swiGlu,
  tanhGelu,
  tf
} from '@skipwise/runtime'
import { chunkAttentionCases } from './chunk-attention-cases.js'
import { documents, skipping, withGradients } from './gradient-case.js'
import { integers, normal, positive, type CaseInput, type KernelCase } from './kernel-cases.js'

type Tensors = Record<string, tf.Tensor>

const causal = (
  B: number,
  T: number,
  H: number,
  K: number,
  D: number,
  {
    slopes,
    slidingWindow,
    ends,
    softCap
  }: { slopes?: readonly number[]; slidingWindow?: number; ends?: readonly number[]; softCap?: number } = {}
): KernelCase =>
  withGradients(
    `causal attention${slopes ? ' with ALiBi' : ''}, B ${B}, T ${T}, H ${H}, K ${K}, D ${D}${slidingWindow ? `, window ${slidingWindow}` : ''}${ends ? `, documents that end at ${ends.join()}` : ''}${softCap ? `, capped at ${softCap}` : ''}`,
    {
      query: normal([B, T, H, D], 1),
      key: normal([B, T, K, D], 2),
      value: normal([B, T, K, D], 3),
      ...(slopes && { positions: skipping(B, T) }),
      ...(ends && { documents: documents(B, T, ends) })
    },
    [B, T, H, D],
    ({ query, key, value, positions, documents }) =>
      causalAttention(query as tf.Tensor4D, key as tf.Tensor4D, value as tf.Tensor4D, D ** -0.5, {
        bias: slopes && { slopes, positions: positions as tf.Tensor2D },
        slidingWindow,
        softCap,
        documents: documents as tf.Tensor2D | undefined
      }),
    ['query', 'key', 'value']
  )

const rotary = (rotate: typeof rotaryHalf, pairing: string, R: number, D: number): KernelCase =>
  withGradients(
    `rotary-${pairing}, ${R} of ${D} dimensions`,
    { x: normal([2, 5, 3, D], 1), cos: normal([2, 5, R / 2], 2), sin: normal([2, 5, R / 2], 3) },
    [2, 5, 3, D],
    ({ x, cos, sin }) => rotate(x as tf.Tensor4D, cos as tf.Tensor3D, sin as tf.Tensor3D),
    ['x']
  )

const pastLength = (past: number): CaseInput => ({ shape: [], dtype: 'int32', data: Int32Array.of(past) })

/** Sizes of a step of cached attention. */
export interface CachedShape {
  readonly B: number
  readonly T: number
  readonly H: number
  readonly K: number
  readonly D: number
  /** S: slots. */
  readonly S: number
  readonly past: number
  /** Of ALiBi, [H]. */
  readonly slopes?: readonly number[]
  /** Tokens that a token attends to. */
  readonly slidingWindow?: number
  /** Of the scores. */
  readonly softCap?: number
}

/** Prefill, later chunks, decoding and a full cache, multi-head and grouped-query; head dimensions of every kind. */
export const cachedShapes: readonly CachedShape[] = [
  { B: 1, T: 5, H: 2, K: 2, D: 8, S: 16, past: 0 },
  { B: 1, T: 5, H: 4, K: 2, D: 16, S: 16, past: 7 },
  { B: 1, T: 1, H: 4, K: 2, D: 16, S: 16, past: 0 },
  { B: 1, T: 1, H: 4, K: 2, D: 16, S: 16, past: 7 },
  { B: 1, T: 1, H: 2, K: 2, D: 8, S: 16, past: 15 },
  { B: 1, T: 8, H: 2, K: 1, D: 8, S: 16, past: 8 },
  { B: 1, T: 3, H: 4, K: 2, D: 6, S: 8, past: 2 },
  { B: 1, T: 1, H: 4, K: 1, D: 6, S: 8, past: 2 },
  { B: 2, T: 3, H: 4, K: 2, D: 8, S: 8, past: 2 },
  { B: 2, T: 1, H: 4, K: 2, D: 8, S: 8, past: 2 },
  { B: 1, T: 150, H: 2, K: 1, D: 8, S: 256, past: 40 },
  { B: 1, T: 5, H: 4, K: 2, D: 16, S: 16, past: 7, slopes: [1 / 4, 1 / 16, 1 / 64, 1 / 256] },
  { B: 1, T: 1, H: 2, K: 2, D: 8, S: 16, past: 15, slopes: [1 / 16, 1 / 256] },
  { B: 1, T: 3, H: 4, K: 2, D: 6, S: 8, past: 2, slopes: [1 / 4, 1 / 16, 1 / 64, 1 / 256] },
  { B: 2, T: 3, H: 4, K: 2, D: 8, S: 8, past: 2, slopes: [1 / 4, 1 / 16, 1 / 64, 1 / 256] },
  { B: 2, T: 1, H: 2, K: 2, D: 8, S: 8, past: 2, slopes: [1 / 16, 1 / 256] },
  { B: 1, T: 5, H: 4, K: 2, D: 8, S: 16, past: 7, slidingWindow: 3 },
  { B: 1, T: 5, H: 2, K: 2, D: 8, S: 16, past: 0, slidingWindow: 1 },
  { B: 1, T: 1, H: 2, K: 1, D: 8, S: 16, past: 9, slidingWindow: 4 },
  { B: 1, T: 1, H: 2, K: 1, D: 8, S: 16, past: 3, slidingWindow: 4 },
  { B: 1, T: 1, H: 2, K: 1, D: 8, S: 16, past: 4, slidingWindow: 4 },
  { B: 1, T: 3, H: 4, K: 2, D: 6, S: 8, past: 4, slidingWindow: 3 },
  { B: 2, T: 3, H: 2, K: 2, D: 8, S: 8, past: 4, slidingWindow: 4 },
  { B: 1, T: 5, H: 2, K: 2, D: 8, S: 16, past: 7, slidingWindow: 3, slopes: [1 / 16, 1 / 256] },
  { B: 1, T: 150, H: 2, K: 1, D: 8, S: 256, past: 40, slidingWindow: 64 },
  { B: 1, T: 5, H: 4, K: 2, D: 8, S: 16, past: 7, softCap: 0.5 },
  { B: 2, T: 1, H: 2, K: 1, D: 8, S: 8, past: 4, softCap: 2, slidingWindow: 3 }
]

/**
 * Inputs of a step of cached attention; the slots after the past are filled with noise, which no token may attend to.
 */
export const cachedInputs = ({ B, T, H, K, D, S, past }: CachedShape): Record<string, CaseInput> => ({
  query: normal([B, T, H, D], 1),
  key: normal([B, T, K, D], 2),
  value: normal([B, T, K, D], 3),
  keyCache: normal([B, K, S, D], 4),
  valueCache: normal([B, K, S, D], 5),
  pastLength: pastLength(past)
})

/** A step of cached attention. */
export const cachedStep = (
  { query, key, value, keyCache, valueCache, pastLength }: Tensors,
  { D, slopes, slidingWindow, softCap }: Pick<CachedShape, 'D' | 'slopes' | 'slidingWindow' | 'softCap'>
) =>
  cachedAttention(
    {
      query: query as tf.Tensor4D,
      key: key as tf.Tensor4D,
      value: value as tf.Tensor4D,
      keyCache: keyCache as tf.Tensor4D,
      valueCache: valueCache as tf.Tensor4D,
      pastLength: pastLength as tf.Scalar
    },
    D ** -0.5,
    { slopes, slidingWindow, softCap }
  )

const cached = (shape: CachedShape): KernelCase => ({
  label: `cached attention ${JSON.stringify(shape)}`,
  inputs: cachedInputs(shape),
  fn: inputs => {
    const { output, keyCache, valueCache } = cachedStep(inputs, shape)
    const filled = [shape.B, shape.K, shape.past + shape.T, shape.D]
    return {
      output,
      keys: tf.slice(keyCache, [0, 0, 0, 0], filled),
      values: tf.slice(valueCache, [0, 0, 0, 0], filled)
    }
  }
})

const hyper: Record<(typeof adamWHyper)[number], number> = {
  learningRate: 0.1,
  beta1: 0.9,
  beta2: 0.95,
  epsilon: 1e-8,
  maxGradientNorm: 1,
  biasCorrection1: 0.19,
  biasCorrection2: 0.0975,
  gradientScale: 0.5
}

/** Inputs of an AdamW step over a matrix and a vector. */
export const adamWInputs: Record<string, CaseInput> = {
  parameter0: normal([3, 4], 1),
  parameter1: normal([5], 2),
  gradient0: normal([3, 4], 3),
  gradient1: normal([5], 4),
  mean0: normal([3, 4], 5),
  mean1: normal([5], 6),
  variance0: positive([3, 4], 7),
  variance1: positive([5], 8),
  hyper: { shape: [8], dtype: 'float32', data: Float32Array.from(adamWHyper, name => hyper[name]) }
}

/** An AdamW step over two parameters; what it updates comes back under the input's name. */
export function adamWStep(inputs: Tensors): Tensors {
  const of = (prefix: string) => [inputs[`${prefix}0`], inputs[`${prefix}1`]]
  const state = { parameters: of('parameter'), means: of('mean'), variances: of('variance') }
  const next = clippedAdamW(state, of('gradient'), inputs.hyper as tf.Tensor1D, { weightDecay: [0.1, 0] })
  return {
    parameter0: next.parameters[0],
    parameter1: next.parameters[1],
    mean0: next.means[0],
    mean1: next.means[1],
    variance0: next.variances[0],
    variance1: next.variances[1],
    gradientNorm: next.gradientNorm
  }
}

/** Every fused kernel, outputs and gradients; AdamW, which an executor may run only on donated state, stands apart. */
export const fusedKernelCases: readonly KernelCase[] = [
  withGradients(
    'RMS norm',
    { x: normal([6, 10], 1), weight: normal([10], 2) },
    [6, 10],
    ({ x, weight }) => rmsNorm(x as tf.Tensor2D, weight as tf.Tensor1D, 1e-5),
    ['x', 'weight']
  ),
  withGradients(
    'layer norm',
    { x: normal([6, 10], 1), weight: normal([10], 2), bias: normal([10], 3) },
    [6, 10],
    ({ x, weight, bias }) => layerNorm(x as tf.Tensor2D, weight as tf.Tensor1D, bias as tf.Tensor1D, 1e-5),
    ['x', 'weight', 'bias']
  ),
  withGradients('tanh GELU', { x: normal([7, 6], 1) }, [7, 6], ({ x }) => tanhGelu(tf.mul(x, 3)), ['x']),
  rotary(rotaryHalf, 'half', 8, 8),
  rotary(rotaryHalf, 'half', 6, 10),
  rotary(rotaryInterleaved, 'interleaved', 8, 8),
  rotary(rotaryInterleaved, 'interleaved', 6, 10),
  withGradients(
    'SwiGLU',
    { gate: normal([4, 6], 1), up: normal([4, 6], 2) },
    [4, 6],
    ({ gate, up }) => swiGlu(gate as tf.Tensor2D, up as tf.Tensor2D),
    ['gate', 'up']
  ),
  withGradients(
    'embedding',
    { weight: normal([5, 3], 1), ids: integers([9], 5) },
    [9, 3],
    ({ weight, ids }) => embedding(weight as tf.Tensor2D, ids as tf.Tensor1D),
    ['weight']
  ),
  withGradients(
    'linear cross-entropy',
    { hidden: normal([7, 6], 1), weight: normal([11, 6], 2), labels: integers([7], 11) },
    [7],
    ({ hidden, weight, labels }) =>
      linearCrossEntropy(hidden as tf.Tensor2D, weight as tf.Tensor2D, labels as tf.Tensor1D),
    ['hidden', 'weight']
  ),
  withGradients(
    'linear cross-entropy with a bias',
    { hidden: normal([7, 6], 1), weight: normal([11, 6], 2), bias: normal([11], 3), labels: integers([7], 11) },
    [7],
    ({ hidden, weight, bias, labels }) =>
      linearCrossEntropy(hidden as tf.Tensor2D, weight as tf.Tensor2D, labels as tf.Tensor1D, bias as tf.Tensor1D),
    ['hidden', 'weight', 'bias']
  ),
  withGradients(
    'linear cross-entropy with a soft cap',
    { hidden: normal([7, 6], 1), weight: normal([11, 6], 2), bias: normal([11], 3), labels: integers([7], 11) },
    [7],
    ({ hidden, weight, bias, labels }) =>
      linearCrossEntropy(hidden as tf.Tensor2D, weight as tf.Tensor2D, labels as tf.Tensor1D, bias as tf.Tensor1D, 1.5),
    ['hidden', 'weight', 'bias']
  ),
  causal(1, 5, 2, 2, 8),
  causal(2, 7, 4, 2, 6),
  causal(1, 128, 2, 1, 8),
  causal(2, 150, 2, 1, 8),
  causal(1, 5, 2, 2, 8, { slopes: [1 / 16, 1 / 256] }),
  causal(2, 150, 4, 2, 6, { slopes: [1 / 4, 1 / 16, 1 / 64, 1 / 256] }),
  causal(1, 7, 2, 1, 8, { slidingWindow: 3 }),
  causal(1, 5, 2, 2, 8, { slidingWindow: 1 }),
  causal(2, 300, 2, 1, 8, { slidingWindow: 140 }),
  causal(1, 300, 2, 2, 8, { slidingWindow: 100, slopes: [1 / 16, 1 / 256] }),
  causal(2, 7, 4, 2, 6, { ends: [1, 2, 5] }),
  causal(1, 200, 2, 1, 8, { ends: [90, 128] }),
  causal(1, 7, 2, 2, 8, { ends: [3], slidingWindow: 2 }),
  causal(2, 150, 4, 2, 6, { ends: [40, 130], slopes: [1 / 4, 1 / 16, 1 / 64, 1 / 256] }),
  causal(2, 7, 4, 2, 6, { softCap: 0.5 }),
  causal(1, 150, 2, 1, 8, { softCap: 2, slidingWindow: 20 }),
  causal(2, 7, 4, 2, 6, { softCap: 1, ends: [2, 5], slopes: [1 / 4, 1 / 16, 1 / 64, 1 / 256] }),
  ...chunkAttentionCases,
  ...cachedShapes.map(cached)
]
