import { InferenceSession, type Tensor } from 'onnxruntime-node'
import { allocate, checkInputs, type CompileOptions, type Graph, type Program, type Values } from '@skipwise/runtime'
import { lower } from './lowering.js'
import { encodeModel } from './onnx-model.js'
import { OnnxValue } from './value.js'

/** A graph in an ONNX Runtime session: outputs are written into buffers made once, donated inputs are written in place. */
export class OnnxProgram implements Program {
  readonly #owned: ReadonlyMap<string, OnnxValue>
  readonly #donatedBy: ReadonlyMap<string, string>

  private constructor(readonly graph: Graph, private readonly session: InferenceSession, { donate = {} }: CompileOptions) {
    this.#donatedBy = new Map(Object.entries(donate).map(([input, output]) => [output, input]))
    const owned = Object.entries(graph.outputs).filter(([name]) => !this.#donatedBy.has(name))
    this.#owned = new Map(owned.map(([name, id]) => [name, OnnxValue.of(graph.values[id], allocate(graph.values[id]))]))
  }

  static async compile(graph: Graph, options: CompileOptions, threads: number): Promise<OnnxProgram> {
    const session = await InferenceSession.create(encodeModel(lower(graph)), {
      executionProviders: ['cpu'],
      intraOpNumThreads: threads,
      interOpNumThreads: 1,
      executionMode: 'sequential',
      graphOptimizationLevel: 'all',
      logSeverityLevel: 3
    })
    return new OnnxProgram(graph, session, options)
  }

  async run(inputs: Values): Promise<Values> {
    checkInputs(this.graph, inputs)
    const feeds: Record<string, Tensor> = {}, fetches: Record<string, Tensor> = {}, outputs: Record<string, OnnxValue> = {}
    for (const name of Object.keys(this.graph.inputs)) feeds[`in_${name}`] = (inputs[name] as OnnxValue).tensor
    for (const name of Object.keys(this.graph.outputs)) {
      const donor = this.#donatedBy.get(name)
      outputs[name] = (donor === undefined ? this.#owned.get(name) : inputs[donor]) as OnnxValue
      fetches[`out_${name}`] = outputs[name].tensor
    }
    await this.session.run(feeds, fetches)
    return outputs
  }

  async dispose(): Promise<void> {
    await this.session.release()
  }
}
