import { peakOfTemporaries, type Graph, type GraphNode } from '@skipwise/runtime'
import type { Products } from './builder.js'
import { graphToLower } from './lowering.js'
import { blocksOf, shapeOf } from './lowerings/attention-shapes.js'
import { KEPT_ELEMENTS, PIECE_ELEMENTS } from './lowerings/cross-entropy.js'
import { attentionKernels, keptProbabilities, probabilityElements } from './lowerings/kept-probabilities.js'

/** Arrays as large as the scores of a block that are alive at once: scores and probabilities, and their gradients. */
const FORWARD_ARRAYS = 2
const BACKWARD_ARRAYS = 4

/**
 * Bytes that a program holds at its peak beside inputs and outputs: the values of its graph that are alive at once, and
 * what the lowerings of attention and cross-entropy keep and compute with beside them. TensorFlow decides the order of
 * nodes, so this is no simulation (measured, docs/adr/0010-memory-plan.md).
 */
export function workspaceBytes(traced: Graph, products: Products): number {
  const graph = graphToLower(traced)
  const kept = keptProbabilities(graph, products)
  const of = (suffix: string) =>
    graph.nodes.filter(({ kernel }) => attentionKernels.some(name => kernel === name + suffix))
  const forward = of('')
  const backward = of('Grad')
  const probabilities = [...kept].reduce(
    (sum, node) => sum + probabilityElements(graph, node) * (products === 'float32' ? 4 : 2),
    0
  )
  const blocks = [
    ...forward.map(node => FORWARD_ARRAYS * blockBytes(graph, node)),
    ...backward.map(node => BACKWARD_ARRAYS * blockBytes(graph, node))
  ]
  return (
    peakOfTemporaries(graph) +
    (backward.length > 0 ? probabilities : 0) +
    most(blocks) +
    most(forward.map(node => maskBytes(graph, node))) +
    most(graph.nodes.map(node => logitBytes(graph, node)))
  )
}

/** Scores of the largest block of all heads. */
function blockBytes(graph: Graph, node: GraphNode): number {
  const shape = shapeOf(graph, node)
  return 4 * shape.B * shape.H * most(blocksOf(shape).map(({ rows, first, end }) => rows * (end - first)))
}

/** Masks of all blocks but the first, which layers share. */
function maskBytes(graph: Graph, node: GraphNode): number {
  const shape = shapeOf(graph, node)
  return shape.window < shape.T
    ? 0
    : 4 *
        shape.G *
        blocksOf(shape)
          .slice(1)
          .reduce((sum, { rows, end }) => sum + rows * end, 0)
}

/** Logits of a piece and their probabilities, and the gradients that are kept. */
function logitBytes({ values }: Graph, { kernel, inputs }: GraphNode): number {
  if (!/LinearCrossEntropy$/.test(kernel)) return 0
  const elements = values[inputs.hidden].shape[0] * values[inputs.weight].shape[0]
  return 8 * Math.min(elements, PIECE_ELEMENTS) + (elements <= KEPT_ELEMENTS ? 4 * elements : 0)
}

const most = (numbers: readonly number[]): number => Math.max(0, ...numbers)
