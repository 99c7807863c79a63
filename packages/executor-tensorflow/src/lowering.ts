import {
  expandKernels,
  rematerialize,
  type BuiltInKernels,
  type Graph,
  type GraphNode,
  type KernelName,
  type NodeOf,
  type TfjsKernels
} from '@skipwise/runtime'
import { kernelError, type GraphBuilder } from './builder.js'
import { adamWLowerings } from './lowerings/adamw.js'
import { attentionLowerings } from './lowerings/attention.js'
import { cachedAttentionLowerings } from './lowerings/cached-attention.js'
import { crossEntropyLowerings } from './lowerings/cross-entropy.js'
import { elementaryLowerings } from './lowerings/elementary.js'
import { embeddingLowerings } from './lowerings/embedding.js'
import { normAndActivationLowerings } from './lowerings/norm-and-activation.js'
import { rotaryLowerings } from './lowerings/rotary.js'

/** Adds the TensorFlow nodes of one graph node; says by `b.set` or `b.update` where its outputs are. */
export type Lowering<K extends KernelName> = {
  // a method, so that a lowering of one kernel is a lowering of any
  lower(b: GraphBuilder, node: NodeOf<K>): void
}['lower']

/**
 * How each kernel is lowered; `'composed'`: by its definition (`expandKernels`). A kernel that is not here does not
 * compile.
 */
export type Lowerings = { readonly [K in keyof TfjsKernels]: Lowering<K> } & {
  readonly [K in keyof BuiltInKernels]: Lowering<K> | 'composed'
}

const table: Lowerings = {
  ...elementaryLowerings,
  ...normAndActivationLowerings,
  ...rotaryLowerings,
  ...embeddingLowerings,
  ...attentionLowerings,
  ...cachedAttentionLowerings,
  ...crossEntropyLowerings,
  ...adamWLowerings,
  LayerNorm: 'composed',
  LayerNormGrad: 'composed',
  TanhGelu: 'composed',
  TanhGeluGrad: 'composed',
  RotaryInterleaved: 'composed',
  ChunkAttention: 'composed',
  ChunkAttentionGrad: 'composed',
  CacheWrite: 'composed'
}

const lowerings: Readonly<Record<string, { lower(b: GraphBuilder, node: GraphNode): void }['lower'] | 'composed'>> =
  table
const loweringOf = (kernel: string) => {
  const lowering = Object.hasOwn(lowerings, kernel) ? lowerings[kernel] : 'composed'
  return lowering === 'composed' ? undefined : lowering
}

/** Whether a kernel is lowered as such; fused kernels that are not are lowered by their definition: `expandKernels`. */
const hasLowering = (kernel: string): boolean => loweringOf(kernel) !== undefined

/**
 * A traced graph as it is lowered: with kernels that have a lowering, and cheap ones computed again in the backward
 * pass.
 */
export const graphToLower = (traced: Graph): Graph => rematerialize(expandKernels(traced, hasLowering))

/** Adds the nodes of every node of the builder's graph. @throws SkipwiseError `EXECUTOR_KERNEL` */
export function lower(b: GraphBuilder): void {
  for (const node of b.graph.nodes) {
    const lowering = loweringOf(node.kernel)
    if (!lowering) throw kernelError(node.kernel, '')
    lowering(b, node)
  }
}
