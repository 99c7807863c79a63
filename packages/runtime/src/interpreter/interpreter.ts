import { SkipwiseError } from '@skipwise/core'
import type { CompileOptions, Executor, Value } from '../executor.js'
import { registerFusedKernels } from '../fused-kernel.js'
import { allocate, type Graph, type HostData, type ValueSpec } from '../graph.js'
import { tf } from '../tfjs.js'
import { InterpretedProgram, keepTensor, TensorValue } from './program.js'

/**
 * The executor that every other one is measured by: runs a graph kernel by kernel on a tfjs backend, as tfjs and the
 * composed definitions of the fused kernels say. `cpu` is always there and needs nothing installed; any other backend
 * must have been registered with tfjs.
 *
 * @throws SkipwiseError `EXECUTOR_UNAVAILABLE`
 */
export async function openInterpreter(backend = 'cpu'): Promise<Executor> {
  // tfjs's production mode: no advertisement for tfjs-node on the first use of the cpu backend
  tf.enableProdMode()
  const initialised = tf.engine().registryFactory[backend] !== undefined && (await tf.setBackend(backend))
  if (!initialised) {
    throw new SkipwiseError('EXECUTOR_UNAVAILABLE', {
      problem: `the tfjs backend '${backend}' cannot be used: it did not initialise`,
      fix: 'use the backend cpu or wasm, or the executor onnx'
    })
  }
  registerFusedKernels(backend)
  return new Interpreter(backend)
}

class Interpreter implements Executor {
  readonly name = 'tfjs'
  constructor(readonly device: string) {}

  readonly #use = () => {
    // Synchronous: the backend has been initialised.
    if (tf.getBackend() !== this.device) void tf.setBackend(this.device)
  }

  async compile(graph: Graph, options: CompileOptions = {}): Promise<InterpretedProgram> {
    const missing = graph.nodes.find(node => !tf.getKernel(node.kernel, this.device))
    if (missing) {
      throw new SkipwiseError('EXECUTOR_KERNEL', {
        problem: `the tfjs backend '${this.device}' has no kernel ${missing.kernel}`,
        fix: 'use the backend cpu or the executor onnx, or write the function with other operations'
      })
    }
    return new InterpretedProgram(graph, options, this.#use)
  }

  upload(spec: ValueSpec, data: HostData = allocate(spec)): Value {
    this.#use()
    return new TensorValue(keepTensor(spec, data.slice()))
  }

  async read(value: Value): Promise<HostData> {
    this.#use()
    return (await (value as TensorValue).tensor.data()) as HostData
  }

  async dispose(): Promise<void> {}
}
