import { expandKernels, rematerialize, type Graph, type GraphNode } from '@skipwise/runtime'
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
export type Lowering = (b: GraphBuilder, node: GraphNode) => void

const lowerings: Readonly<Record<string, Lowering>> = {
  ...elementaryLowerings,
  ...normAndActivationLowerings,
  ...rotaryLowerings,
  ...embeddingLowerings,
  ...attentionLowerings,
  ...cachedAttentionLowerings,
  ...crossEntropyLowerings,
  ...adamWLowerings
}

/** Whether a kernel is lowered as such; fused kernels that are not are lowered by their definition: `expandKernels`. */
const hasLowering = (kernel: string): boolean => kernel in lowerings

/**
 * A traced graph as it is lowered: with kernels that have a lowering, and cheap ones computed again in the backward
 * pass.
 */
export const graphToLower = (traced: Graph): Graph => rematerialize(expandKernels(traced, hasLowering))

/** Adds the nodes of every node of the builder's graph. @throws SkipwiseError `EXECUTOR_KERNEL` */
export function lower(b: GraphBuilder): void {
  for (const node of b.graph.nodes) {
    const lowering = lowerings[node.kernel]
    if (!lowering) throw kernelError(node.kernel, '')
    lowering(b, node)
  }
}
