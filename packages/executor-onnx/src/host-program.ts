import {
  adamWHyper,
  checkInputs,
  type CompileOptions,
  type Graph,
  type GraphNode,
  type NodeOf,
  type Program,
  type Values
} from '@skipwise/runtime'
import type { OnnxValue } from './value.js'
import { ProgramOutputs } from './program-outputs.js'

/** Computes a node on the host, reading and writing the inputs' own memory; returns its outputs. */
type HostKernel = {
  // a method, so that a kernel of one kind of node stands with those of others
  compute(node: GraphNode, inputs: Readonly<Record<string, OnnxValue>>, outputs: readonly OnnxValue[]): void
}['compute']

/**
 * Kernels that run faster here than as a chain of ONNX operators: AdamW is one pass over four arrays, where the chain
 * is some fourteen passes (docs/adr/0003-host-optimizer.md).
 */
const hostKernels: Readonly<Record<string, HostKernel>> = {
  ClippedAdamW(
    node: NodeOf<'ClippedAdamW'>,
    inputs: Readonly<Record<string, OnnxValue>>,
    outputs: readonly OnnxValue[]
  ) {
    const weightDecay = node.attributes.weightDecay
    const count = weightDecay.length
    const hyper = inputs.hyper.data as Float32Array
    const of = (name: (typeof adamWHyper)[number]) => hyper[adamWHyper.indexOf(name)]
    const array = (prefix: string, i: number) => inputs[`${prefix}${i}`].data as Float32Array
    let squares = 0
    for (let i = 0; i < count; i++) squares += sumOfSquares(array('gradient', i))
    const norm = Math.sqrt(squares) * of('gradientScale')
    const scale = of('gradientScale') * Math.min(1, of('maxGradientNorm') / (norm + 1e-6))
    const stepSize = of('learningRate') / of('biasCorrection1')
    const rootCorrection = Math.sqrt(of('biasCorrection2'))
    for (let i = 0; i < count; i++) {
      updateAdamW(array('parameter', i), array('gradient', i), array('mean', i), array('variance', i), {
        scale,
        stepSize,
        rootCorrection,
        beta1: of('beta1'),
        beta2: of('beta2'),
        epsilon: of('epsilon'),
        keep: 1 - of('learningRate') * weightDecay[i]
      })
    }
    outputs[3 * count].data[0] = norm
  }
}

interface HostStep {
  scale: number
  stepSize: number
  rootCorrection: number
  beta1: number
  beta2: number
  epsilon: number
  keep: number
}

/**
 * torch.optim.AdamW's arithmetic in float64, one element after the other; rounding to float32 in between is slower in
 * V8.
 */
function updateAdamW(
  parameter: Float32Array,
  gradient: Float32Array,
  mean: Float32Array,
  variance: Float32Array,
  step: HostStep
): void {
  const { scale, stepSize, rootCorrection, beta1, beta2, epsilon, keep } = step
  const share1 = (1 - beta1) * scale
  const share2 = (1 - beta2) * scale * scale
  const inverseRoot = 1 / rootCorrection
  for (let i = 0; i < parameter.length; i++) {
    const g = gradient[i]
    const m = beta1 * mean[i] + share1 * g
    const v = beta2 * variance[i] + share2 * (g * g)
    mean[i] = m
    variance[i] = v
    parameter[i] = parameter[i] * keep - (stepSize * m) / (Math.sqrt(v) * inverseRoot + epsilon)
  }
}

/** In float64, in four independent sums. */
function sumOfSquares(x: Float32Array): number {
  let a = 0
  let b = 0
  let c = 0
  let d = 0
  let i = 0
  for (; i + 4 <= x.length; i += 4) {
    a += x[i] * x[i]
    b += x[i + 1] * x[i + 1]
    c += x[i + 2] * x[i + 2]
    d += x[i + 3] * x[i + 3]
  }
  for (; i < x.length; i++) a += x[i] * x[i]
  return a + b + c + d
}

/** A graph made only of host kernels, whose state is donated: it needs no session and moves no memory. */
export class HostProgram implements Program {
  readonly #outputs: ProgramOutputs

  constructor(
    readonly graph: Graph,
    options: CompileOptions
  ) {
    this.#outputs = new ProgramOutputs(graph, options)
  }

  /** Whether every node is one host kernel, and what it updates in place is donated. */
  static canRun(graph: Graph, { donate = {} }: CompileOptions): boolean {
    const [node] = graph.nodes
    if (graph.nodes.length !== 1 || !(node.kernel in hostKernels)) return false
    const outputs = new Map(Object.entries(graph.outputs).map(([name, id]) => [id, name]))
    const donated = new Set(Object.values(donate))
    return node.outputs.slice(0, -1).every(id => donated.has(outputs.get(id) ?? ''))
  }

  async run(inputs: Values): Promise<Values> {
    checkInputs(this.graph, inputs)
    const [node] = this.graph.nodes
    const names = new Map(Object.entries(this.graph.inputs).map(([name, id]) => [id, name]))
    const outputs = this.#outputs.of(inputs)
    const outputNames = new Map(Object.entries(this.graph.outputs).map(([name, id]) => [id, name]))
    const byArgument = Object.entries(node.inputs).map(([argument, id]) => [
      argument,
      inputs[names.get(id) as string] as OnnxValue
    ])
    hostKernels[node.kernel](
      node,
      Object.fromEntries(byArgument),
      node.outputs.map(id => outputs[outputNames.get(id) as string])
    )
    return outputs
  }

  async dispose(): Promise<void> {}
}
