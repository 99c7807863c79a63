import { allocate, type CompileOptions, type Graph, type Values } from '@skipwise/runtime'
import { OnnxValue } from './value.js'

/**
 * Where the outputs of a program go: into the memory of the input that was donated for them, or into a buffer of its
 * own, made once.
 */
export class ProgramOutputs {
  readonly #donors: ReadonlyMap<string, string>
  readonly #owned: ReadonlyMap<string, OnnxValue>

  constructor(
    private readonly graph: Graph,
    { donate = {} }: CompileOptions
  ) {
    this.#donors = new Map(Object.entries(donate).map(([input, output]) => [output, input]))
    const owned = Object.entries(graph.outputs).filter(([name]) => !this.#donors.has(name))
    this.#owned = new Map(owned.map(([name, id]) => [name, OnnxValue.of(graph.values[id], allocate(graph.values[id]))]))
  }

  /** The output values of a run on these inputs, by name. */
  of(inputs: Values): Record<string, OnnxValue> {
    return Object.fromEntries(
      Object.keys(this.graph.outputs).map(name => {
        const donor = this.#donors.get(name)
        return [name, (donor === undefined ? this.#owned.get(name) : inputs[donor]) as OnnxValue]
      })
    )
  }
}
