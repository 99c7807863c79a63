import { checkInputs, type CompileOptions, type Graph, type Program, type Values } from '@skipwise/runtime'
import { hostKernels } from './host-kernels.js'
import { ProgramOutputs } from './program-outputs.js'
import type { OnnxValue } from './value.js'

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
