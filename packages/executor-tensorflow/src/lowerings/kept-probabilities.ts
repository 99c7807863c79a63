import type { Graph, GraphNode } from '@skipwise/runtime'
import type { Products } from '../builder.js'
import { shapeOf } from './attention-shapes.js'

/** Kernels of attention whose gradient reads their probabilities; that of `X` is `XGrad`. */
export const attentionKernels = [
  'CausalAttention',
  'AlibiAttention',
  'DocumentAttention',
  'AlibiDocumentAttention'
] as const

/** Probabilities of up to this many elements (16 MB a layer) are kept for the backward pass. */
const KEPT_ELEMENTS = 2 ** 22
/** So are more than that as long as they make up to this many in all (128 MB); the others are computed again. */
const KEPT_ELEMENTS_IN_ALL = 2 ** 25

/** Elements of the probabilities of a node of attention: about half of [B, H, T, T]. */
export function probabilityElements(graph: Graph, node: GraphNode): number {
  const { B, H, T } = shapeOf(graph, node)
  return (B * H * T * T) / 2
}

/** The nodes of attention whose gradients are to find their probabilities. */
export function keptProbabilities(graph: Graph, products: Products): ReadonlySet<GraphNode> {
  const isAttention = ({ kernel }: GraphNode) => (attentionKernels as readonly string[]).includes(kernel)
  const kept = new Set<GraphNode>()
  let inAll = 0
  for (const node of graph.nodes.filter(isAttention)) {
    const elements = probabilityElements(graph, node)
    if (elements > KEPT_ELEMENTS) {
      // Under recompute the forward pass has none, and the one that runs again has. Rounded probabilities would be kept
      // twice, as they are and in bfloat16.
      const hasGradient = graph.nodes.some(
        ({ inputs }) => inputs.query === node.inputs.query && inputs.key === node.inputs.key && inputs.dy !== undefined
      )
      if (!hasGradient || products === 'rounded' || inAll + elements > KEPT_ELEMENTS_IN_ALL) continue
      inAll += elements
    }
    kept.add(node)
  }
  return kept
}
