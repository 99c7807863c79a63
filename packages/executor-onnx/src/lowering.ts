import { expandKernels, loweringFinder, rematerialize, type Graph } from '@skipwise/runtime'
import { BIT_CAST_OPSET, OPSET, type OnnxGraph, type OnnxNode } from './onnx-model.js'
import { kernelError, OnnxBuilder, type Lowerings, type LoweringSetup } from './builder.js'
import { attentionLowerings } from './lowerings/attention.js'
import { chunkAttentionLowerings } from './lowerings/chunk-attention.js'
import { crossEntropyLowerings } from './lowerings/cross-entropy.js'
import { elementaryLowerings } from './lowerings/elementary.js'
import { embeddingLowerings } from './lowerings/embedding.js'
import { normAndActivationLowerings } from './lowerings/norm-and-activation.js'
import { restoreLowerings } from './lowerings/restore-weight.js'
import { rotaryLowerings } from './lowerings/rotary.js'
import { conversionEnd } from './uncopied-outputs.js'

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

const table: Lowerings = {
  ...elementaryLowerings,
  ...normAndActivationLowerings,
  ...rotaryLowerings,
  ...embeddingLowerings,
  ...attentionLowerings,
  ...chunkAttentionLowerings,
  ...crossEntropyLowerings,
  ...restoreLowerings,
  // in a graph of its own it runs on the host: host-kernels.ts
  ClippedAdamW: 'composed'
}

const loweringOf = loweringFinder(table)

/** Whether a kernel is lowered as such. */
export const hasLowering = (kernel: string): boolean => loweringOf(kernel) !== undefined

/** The opset of a graph's kernels. */
const opsetOf = ({ nodes }: Graph): number =>
  nodes.some(({ kernel }) => kernel === 'RestoreWeight') ? BIT_CAST_OPSET : OPSET

/** A graph as an ONNX model; its inputs and outputs are called `in_…` and `out_…` by their names in the graph. */
export function lower(traced: Graph, setup?: LoweringSetup): OnnxGraph {
  const graph = rematerialize(expandKernels(traced, hasLowering))
  const opset = opsetOf(graph)
  const b = new OnnxBuilder(graph, { ...setup, opset })
  for (const node of graph.nodes) {
    const lowering = loweringOf(node.kernel)
    if (!lowering) throw kernelError(node.kernel, '')
    lowering(b, node)
  }
  // An output that is an input, a constant or has two names.
  for (const [name, id] of Object.entries(graph.outputs))
    if (b.name(id) !== `out_${name}`) b.op('Identity', [b.name(id)], {}, `out_${name}`)
  const values = (prefix: string, named: Graph['inputs']) =>
    Object.entries(named).map(([name, id]) => ({
      name: prefix + name,
      type: graph.values[id].codes ?? graph.values[id].dtype,
      shape: graph.values[id].shape
    }))
  return {
    name: graph.name,
    opset,
    nodes: [conversionEnd.node, ...leavesLast(b.nodes)],
    initializers: b.initializers,
    inputs: values('in_', graph.inputs),
    outputs: [conversionEnd.output, ...values('out_', graph.outputs)]
  }
}
