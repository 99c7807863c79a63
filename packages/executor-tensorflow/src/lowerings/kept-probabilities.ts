import { attentionPlan, attentionShape, isNodeOf, type Graph, type NodeOf } from '@skipwise/runtime'
import type { Products } from '../builder.js'
import { LIMITS } from './attention-shapes.js'

/** Probabilities beyond the limit of a layer are kept while these make up to this many elements in all (128 MB). */
const KEPT_ELEMENTS_IN_ALL = 2 ** 25

/** The nodes of attention whose gradients are to find their probabilities. */
export function keptProbabilities(graph: Graph, products: Products): ReadonlySet<NodeOf<'CausalAttention'>> {
  const kept = new Set<NodeOf<'CausalAttention'>>()
  let inAll = 0
  for (const node of graph.nodes) {
    if (!isNodeOf(node, 'CausalAttention')) continue
    const { elements, kept: isKept } = attentionPlan(attentionShape(graph, node), LIMITS)
    if (!isKept) {
      // Under recompute the forward pass has none, and the one that runs again has. Rounded probabilities would be kept
      // twice, as they are and in bfloat16.
      const hasGradient = graph.nodes.some(
        other =>
          isNodeOf(other, 'CausalAttentionGrad') &&
          other.inputs.query === node.inputs.query &&
          other.inputs.key === node.inputs.key
      )
      if (!hasGradient || products === 'rounded' || inAll + elements > KEPT_ELEMENTS_IN_ALL) continue
      inAll += elements
    }
    kept.add(node)
  }
  return kept
}
