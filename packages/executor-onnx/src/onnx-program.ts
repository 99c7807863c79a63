import { InferenceSession, type Tensor } from 'onnxruntime-node'
import { checkInputs, type CompileOptions, type Graph, type Program, type Values } from '@skipwise/runtime'
import { lower } from './lowering.js'
import { encodeModel } from './onnx-model.js'
import { ProgramOutputs } from './program-outputs.js'
import { runInPlace } from './uncopied-outputs.js'
import type { OnnxValue } from './value.js'

/**
 * A graph in an ONNX Runtime session: outputs are written into buffers made once, donated inputs are written in place.
 */
export class OnnxProgram implements Program {
  readonly #outputs: ProgramOutputs

  private constructor(
    readonly graph: Graph,
    private readonly session: InferenceSession,
    options: CompileOptions
  ) {
    this.#outputs = new ProgramOutputs(graph, options)
  }

  static async compile(graph: Graph, options: CompileOptions, threads: number): Promise<OnnxProgram> {
    const session = await InferenceSession.create(encodeModel(lower(graph)), {
      executionProviders: ['cpu'],
      intraOpNumThreads: threads,
      interOpNumThreads: 1,
      executionMode: 'sequential',
      // A pattern is planned from the first run, whose memory the arena then keeps next to the plan's: twice the memory
      // for nothing.
      enableMemPattern: false,
      extra: {
        // It would join what is computed again for the backward pass with what the forward pass computed, and keep that
        // in memory.
        optimization: { disable_specified_optimizers: 'CommonSubexpressionElimination' },
        session: {
          // Probabilities of attention underflow into denormals, on which processors are many times slower
          // (docs/adr/0019-denormals.md).
          set_denormal_as_zero: '1',
          // Threads of a session that waits for its turn would spin on the cores of the one that runs
          // (docs/adr/0022-threads-and-rows.md).
          force_spinning_stop: '1'
        }
      },
      graphOptimizationLevel: 'all',
      logSeverityLevel: 3
    })
    return new OnnxProgram(graph, session, options)
  }

  async run(inputs: Values): Promise<Values> {
    checkInputs(this.graph, inputs)
    const feeds: Record<string, Tensor> = {}
    const fetches: Record<string, Tensor> = {}
    const outputs = this.#outputs.of(inputs)
    for (const name of Object.keys(this.graph.inputs)) feeds[`in_${name}`] = (inputs[name] as OnnxValue).tensor
    for (const [name, value] of Object.entries(outputs)) fetches[`out_${name}`] = value.tensor
    await runInPlace(this.session, feeds, fetches)
    return outputs
  }

  async dispose(): Promise<void> {
    await this.session.release()
  }
}
