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
export type Lowering<K extends KernelName> = {
  // a method, so that a lowering of one kernel is a lowering of any
  lower(b: OnnxBuilder, node: NodeOf<K>): void
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
  ...chunkAttentionLowerings,
  ...crossEntropyLowerings,
  // in a graph of its own it runs on the host: host-kernels.ts
  ClippedAdamW: 'composed'
}

const lowerings: Readonly<Record<string, { lower(b: OnnxBuilder, node: GraphNode): void }['lower'] | 'composed'>> =
  table
const loweringOf = (kernel: string) => {
  const lowering = Object.hasOwn(lowerings, kernel) ? lowerings[kernel] : 'composed'
  return lowering === 'composed' ? undefined : lowering
}

/** Whether a kernel is lowered as such. */
export const hasLowering = (kernel: string): boolean => loweringOf(kernel) !== undefined

/** A graph as an ONNX model; its inputs and outputs are called `in_…` and `out_…` by their names in the graph. */
export function lower(traced: Graph, setup?: LoweringSetup): OnnxGraph {
  const graph = rematerialize(expandKernels(traced, hasLowering))
  const b = new OnnxBuilder(graph, setup)
  for (const node of graph.nodes) {
    const lowering = loweringOf(node.kernel)
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
