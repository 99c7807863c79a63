import { rematerialize, type Graph, type GraphNode } from '@skipwise/runtime'
import { kernelError, OnnxBuilder, type LoweringSetup } from './builder.js'
import { attentionLowerings } from './lowerings/attention.js'
import { chunkAttentionLowerings } from './lowerings/chunk-attention.js'
import { crossEntropyLowerings } from './lowerings/cross-entropy.js'
import { elementaryLowerings } from './lowerings/elementary.js'
import { embeddingLowerings } from './lowerings/embedding.js'
import { normAndActivationLowerings } from './lowerings/norm-and-activation.js'
import { rotaryLowerings } from './lowerings/rotary.js'
import type { OnnxGraph } from './onnx-model.js'
import { leavesLast } from './node-order.js'
import { conversionEnd } from './uncopied-outputs.js'

/** Adds the ONNX nodes of one graph node; its outputs must end up under `b.name(outputs[i])`. */
export type Lowering = (b: OnnxBuilder, node: GraphNode) => void

const lowerings: Readonly<Record<string, Lowering>> = {
  ...elementaryLowerings,
  ...normAndActivationLowerings,
  ...rotaryLowerings,
  ...embeddingLowerings,
  ...attentionLowerings,
  ...chunkAttentionLowerings,
  ...crossEntropyLowerings
}

/** Whether a kernel is lowered as such. */
export const hasLowering = (kernel: string): boolean => kernel in lowerings

/** A graph as an ONNX model; its inputs and outputs are called `in_…` and `out_…` by their names in the graph. */
export function lower(traced: Graph, setup?: LoweringSetup): OnnxGraph {
  const graph = rematerialize(traced)
  const b = new OnnxBuilder(graph, setup)
  for (const node of graph.nodes) {
    const lowering = lowerings[node.kernel]
    if (!lowering) throw kernelError(node.kernel, '')
    lowering(b, node)
  }
  // An output that is an input, a constant or stands under two names.
  for (const [name, id] of Object.entries(graph.outputs))
    if (b.name(id) !== `out_${name}`) b.op('Identity', [b.name(id)], {}, `out_${name}`)
  const values = (prefix: string, named: Graph['inputs']) =>
    Object.entries(named).map(([name, id]) => ({
      name: prefix + name,
      type: graph.values[id].dtype,
      shape: graph.values[id].shape
    }))
  return {
    name: graph.name,
    nodes: [conversionEnd.node, ...leavesLast(b.nodes)],
    initializers: b.initializers,
    inputs: values('in_', graph.inputs),
    outputs: [conversionEnd.output, ...values('out_', graph.outputs)]
  }
}
