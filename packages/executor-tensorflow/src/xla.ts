import type { Graph } from '@skipwise/runtime'
import type { GraphBuilder, Ref } from './builder.js'
import type { ArgumentDef, FunctionDef, NodeDef } from './graph-def.js'

/** Kernels that stay outside: their shapes depend on values, or they write into variables. */
const OUTSIDE = new Set(['CachedAttention', 'ClippedAdamW'])

/** Whether XLA can compile a graph. */
export const canCompile = (graph: Graph): boolean =>
  graph.nodes.length > 0 && !graph.nodes.some(node => OUTSIDE.has(node.kernel))

/** Names of operators' outputs (tensorflow/core/ops): inside a function an input is `node:name:index`. */
const outputNames: Readonly<Record<string, string>> = {
  MatMul: 'product',
  Softmax: 'softmax',
  AddN: 'sum',
  ...Object.fromEntries(
    [
      'AddV2',
      'Sub',
      'Mul',
      'RealDiv',
      'Maximum',
      'Minimum',
      'Pow',
      'SquaredDifference',
      'Equal',
      'NotEqual',
      'Greater',
      'GreaterEqual',
      'Less',
      'LessEqual',
      'LogicalAnd'
    ].map(op => [op, 'z'])
  ),
  ...Object.fromEntries(
    [
      'LogicalNot',
      'Neg',
      'Exp',
      'Log',
      'Log1p',
      'Sqrt',
      'Rsqrt',
      'Square',
      'Abs',
      'Sigmoid',
      'Tanh',
      'Erf',
      'Sin',
      'Cos',
      'Reciprocal',
      'Sign',
      'ZerosLike',
      'OnesLike',
      'Cast',
      'Transpose'
    ].map(op => [op, 'y'])
  ),
  Relu: 'activations'
}

/**
 * `node:1` of the graph as the second output inside a function. An operator with one list of outputs counts within it.
 */
function insideName(ref: Ref, ops: ReadonlyMap<string, string>): string {
  if (ref.startsWith('^')) return ref
  const [node, index] = ref.split(':')
  return `${node}:${outputNames[ops.get(node) ?? ''] ?? 'output'}:${index}`
}

/**
 * Wraps the nodes of a builder into one function and a call of it that XLA must compile.
 *
 * @param inputs of the graph, as nodes outside
 * @param results nodes of the builder
 * @returns the call, and the results as outputs of it
 */
export function compiledCall(
  b: GraphBuilder,
  name: string,
  inputs: readonly Ref[],
  results: readonly Ref[]
): { call: NodeDef; function: FunctionDef; outputs: Ref[] } {
  const ops = new Map(b.nodes.map(node => [node.name, node.op]))
  const argument = new Map(inputs.map((ref, i) => [ref, `in${i}`]))
  const inside = (ref: Ref) => argument.get(ref) ?? insideName(ref, ops)
  const types = (refs: readonly Ref[]) => refs.map(ref => b.typeOf(ref))
  const plain = name.replace(/\W/g, '_')
  const list = (prefix: string, refs: readonly Ref[]): ArgumentDef[] =>
    refs.map((ref, i) => ({ name: `${prefix}${i}`, type: b.typeOf(ref) }))
  return {
    call: {
      name: `${name}call`,
      op: 'PartitionedCall',
      inputs: [...inputs],
      attributes: {
        Tin: { types: types(inputs) },
        Tout: { types: types(results) },
        f: { func: plain },
        _XlaMustCompile: { bool: true }
      }
    },
    function: {
      name: plain,
      inputs: list('in', inputs),
      outputs: list('out', results).map((output, i) => ({ ...output, from: inside(results[i]) })),
      nodes: b.nodes.map(node => ({ ...node, inputs: node.inputs.map(inside) }))
    },
    outputs: results.map((_, i) => `${name}call:${i}`)
  }
}
