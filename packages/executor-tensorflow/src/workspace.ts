import {
  attentionPlan,
  attentionShape,
  bytesOf,
  isNodeOf,
  peakOfTemporaries,
  type AttentionNode,
  type Graph,
  type GraphNode
} from '@skipwise/runtime'
import type { Products } from './builder.js'
import { graphToLower } from './lowering.js'
import { LIMITS } from './lowerings/attention-shapes.js'
import { KEPT_ELEMENTS, PIECE_ELEMENTS } from './lowerings/cross-entropy.js'
import { keptProbabilities } from './lowerings/kept-probabilities.js'

/** Arrays as large as the scores of a block that are alive at once: scores and probabilities, and their gradients. */
const FORWARD_ARRAYS = 2
const BACKWARD_ARRAYS = 4

/**
 * Bytes that a program holds at its peak besides inputs and outputs: the values of its graph that are alive at once,
 * and what the lowerings of attention and cross-entropy keep and compute with in addition. TensorFlow decides the order
 * of nodes, so this is not a simulation (measured, docs/adr/0010-memory-plan.md).
 */
export function workspaceBytes(traced: Graph, products: Products): number {
  const graph = graphToLower(traced)
  const kept = keptProbabilities(graph, products)
  const forward = graph.nodes.filter(node => isNodeOf(node, 'CausalAttention'))
  const backward = graph.nodes.filter(node => isNodeOf(node, 'CausalAttentionGrad'))
  const probabilities = [...kept].reduce(
    (sum, node) => sum + planOf(graph, node).elements * (products === 'float32' ? 4 : 2),
    0
  )
  const blocks = [
    ...forward.map(node => FORWARD_ARRAYS * blockBytes(graph, node)),
    ...backward.map(node => BACKWARD_ARRAYS * blockBytes(graph, node))
  ]
  return (
    peakOfTemporaries(withoutRestored(graph)) +
    most(graph.nodes.map(node => restoredBytes(graph, node, products))) +
    (backward.length > 0 ? probabilities : 0) +
    most(blocks) +
    most(forward.map(node => maskBytes(graph, node))) +
    most(graph.nodes.map(node => logitBytes(graph, node)))
  )
}

/** Weights at rest are restored one reader after the other: as inputs, they are not alive together. */
function withoutRestored(graph: Graph): Graph {
  const restored = graph.nodes.filter(node => node.kernel === 'RestoreWeight').flatMap(node => node.outputs)
  if (restored.length === 0) return graph
  return {
    ...graph,
    nodes: graph.nodes.filter(node => node.kernel !== 'RestoreWeight'),
    inputs: { ...graph.inputs, ...Object.fromEntries(restored.map(id => [`restored ${id}`, id])) }
  }
}

/** The float32 copy of a weight at rest; products in bfloat16 read bfloat16 as it is. */
const restoredBytes = ({ values }: Graph, node: GraphNode, products: Products): number =>
  isNodeOf(node, 'RestoreWeight') && !(products === 'bfloat16' && node.attributes.storage === 'bfloat16')
    ? bytesOf(values[node.outputs[0]])
    : 0

const planOf = (graph: Graph, node: AttentionNode) => attentionPlan(attentionShape(graph, node), LIMITS)

/** Scores of the largest block of all heads. */
function blockBytes(graph: Graph, node: AttentionNode): number {
  const shape = attentionShape(graph, node)
  return 4 * shape.B * shape.H * most(planOf(graph, node).blocks.map(({ rows, first, end }) => rows * (end - first)))
}

/** Masks of all blocks but the first, which layers share. */
function maskBytes(graph: Graph, node: AttentionNode): number {
  const shape = attentionShape(graph, node)
  return shape.slidingWindow < shape.T
    ? 0
    : 4 *
        shape.G *
        planOf(graph, node)
          .blocks.slice(1)
          .reduce((sum, { rows, end }) => sum + rows * end, 0)
}

/** Logits of a piece and their probabilities, and the gradients that are kept. */
function logitBytes({ values }: Graph, node: GraphNode): number {
  if (!isNodeOf(node, 'LinearCrossEntropy')) return 0
  const { hidden, weight } = node.inputs
  const elements = values[hidden].shape[0] * values[weight].shape[0]
  return 8 * Math.min(elements, PIECE_ELEMENTS) + (elements <= KEPT_ELEMENTS ? 4 * elements : 0)
}

const most = (numbers: readonly number[]): number => Math.max(0, ...numbers)
