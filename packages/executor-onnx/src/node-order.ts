import type { OnnxNode } from './onnx-model.js'

/**
 * The nodes with those that feed no other node at the end, the earliest last.
 *
 * ONNX Runtime does not run a graph in the order in which it is written: it walks back from the leaves, the last one
 * first, and runs what each needs. Gradients of weights are leaves. Were the gradient of the embedding the last,
 * everything else would run before the first gradient of a weight does, and the activations of all layers would be kept
 * until then; in this order each layer's are freed when the backward pass has gone through it.
 */
export function leavesLast(nodes: readonly OnnxNode[]): OnnxNode[] {
  const read = new Set(nodes.flatMap(node => node.inputs))
  const feeds = (node: OnnxNode) => node.outputs.some(output => read.has(output))
  return [...nodes.filter(feeds), ...nodes.filter(node => !feeds(node)).reverse()]
}
