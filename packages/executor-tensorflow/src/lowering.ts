import { expandKernels, loweringFinder, rematerialize, type Graph } from '@skipwise/runtime'
import { kernelError, type GraphBuilder, type Lowerings } from './builder.js'
import { adamWLowerings } from './lowerings/adamw.js'
import { attentionLowerings } from './lowerings/attention.js'
import { cachedAttentionLowerings } from './lowerings/cached-attention.js'
import { crossEntropyLowerings } from './lowerings/cross-entropy.js'
import { elementaryLowerings } from './lowerings/elementary.js'
import { embeddingLowerings } from './lowerings/embedding.js'
import { normAndActivationLowerings } from './lowerings/norm-and-activation.js'
import { restoreLowerings } from './lowerings/restore-weight.js'
import { rotaryLowerings } from './lowerings/rotary.js'

const table: Lowerings = {
  ...elementaryLowerings,
  ...normAndActivationLowerings,
  ...rotaryLowerings,
  ...embeddingLowerings,
  ...attentionLowerings,
  ...cachedAttentionLowerings,
  ...crossEntropyLowerings,
  ...adamWLowerings,
  ...restoreLowerings,
  LayerNorm: 'composed',
  LayerNormGrad: 'composed',
  TanhGelu: 'composed',
  TanhGeluGrad: 'composed',
  RotaryInterleaved: 'composed',
  ChunkAttention: 'composed',
  ChunkAttentionGrad: 'composed',
  CacheWrite: 'composed'
}

const loweringOf = loweringFinder(table)

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
