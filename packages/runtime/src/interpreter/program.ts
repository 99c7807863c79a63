import { checkInputs, type CompileOptions, type Program, type Values } from '../executor.js'
import { lastUses, type Graph, type HostData, type ValueId, type ValueSpec } from '../graph.js'
import { tf } from '../tfjs.js'

/** A value of the interpreter: a kept tensor. */
export class TensorValue {
  constructor(readonly tensor: tf.Tensor) {}
  get shape(): readonly number[] {
    return this.tensor.shape
  }
  get dtype(): ValueSpec['dtype'] {
    return this.tensor.dtype as ValueSpec['dtype']
  }
  dispose(): void {
    this.tensor.dispose()
  }
}

/** Makes a tensor that outlives every tidy. */
export const keepTensor = ({ shape, dtype }: ValueSpec, data: HostData): tf.Tensor =>
  tf.keep(tf.tensor(data, [...shape], dtype))

/** Interprets a graph kernel by kernel, freeing each value after its last use. */
export class InterpretedProgram implements Program {
  readonly #constants: Map<ValueId, tf.Tensor>
  readonly #lastUse: Map<ValueId, number>
  readonly #donated: Set<string>
  #owned: tf.Tensor[] = []

  constructor(
    readonly graph: Graph,
    { donate = {} }: CompileOptions,
    private readonly useBackend: () => void
  ) {
    useBackend()
    this.#constants = new Map([...graph.constants].map(([id, data]) => [id, keepTensor(graph.values[id], data)]))
    this.#lastUse = lastUses(graph)
    this.#donated = new Set(Object.keys(donate))
    this.#donatedOutputs = new Set(Object.values(donate))
  }
  readonly #donatedOutputs: Set<string>

  async run(inputs: Values): Promise<Values> {
    checkInputs(this.graph, inputs)
    this.useBackend()
    for (const tensor of this.#owned) tensor.dispose()
    const outputs = Object.fromEntries(
      Object.entries(this.#interpret(inputs)).map(([name, tensor]) => [name, new TensorValue(tensor)])
    )
    this.#owned = Object.entries(outputs)
      .filter(([name]) => !this.#donatedOutputs.has(name))
      .map(([, value]) => value.tensor)
    for (const name of this.#donated) inputs[name].dispose()
    return outputs
  }

  #interpret(inputs: Values): Record<string, tf.Tensor> {
    const engine = tf.engine()
    const live = new Map<ValueId, tf.Tensor>(this.#constants)
    const own = new Set<ValueId>()
    for (const [name, id] of Object.entries(this.graph.inputs)) live.set(id, (inputs[name] as TensorValue).tensor)
    return tf.tidy(() => {
      this.graph.nodes.forEach((node, index) => {
        const named = Object.fromEntries(
          Object.entries(node.inputs).map(([name, id]) => [name, live.get(id) as tf.Tensor])
        )
        // Kernels that take a list (Concat) want an array.
        const inputs = '0' in named ? (Object.values(named) as unknown as tf.NamedTensorMap) : named
        const results = [
          engine.runKernel(node.kernel, inputs, node.attributes as tf.NamedAttrMap)
        ].flat() as tf.Tensor[]
        node.outputs.forEach((id, position) => {
          live.set(id, results[position])
          own.add(id)
        })
        for (const id of [...Object.values(node.inputs), ...node.outputs]) {
          if (own.has(id) && this.#lastUse.get(id) === index) {
            live.get(id)?.dispose()
            live.delete(id)
          }
        }
      })
      // A graph output may be an input, a constant or appear twice: each result is its own tensor.
      const results = Object.entries(this.graph.outputs).map(
        ([name, id]) => [name, tf.keep(tf.clone(live.get(id) as tf.Tensor))] as const
      )
      return Object.fromEntries(results)
    })
  }

  async dispose(): Promise<void> {
    for (const tensor of [...this.#owned, ...this.#constants.values()]) tensor.dispose()
    this.#owned = []
    this.#constants.clear()
  }
}
