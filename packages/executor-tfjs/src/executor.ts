import { createRequire } from 'node:module'
import util from 'node:util'
import { SkipwiseError } from '@skipwise/core'
import { allocate, registerFusedKernels, tf, type CompileOptions, type Executor, type Graph, type HostData, type Value, type ValueSpec } from '@skipwise/runtime'
import { keepTensor, TfjsProgram, TfjsValue } from './program.js'

/** Packages that register a tfjs backend when imported. */
const backendPackages: Readonly<Record<string, readonly string[]>> = {
  cpu: [],
  wasm: ['@tensorflow/tfjs-backend-wasm'],
  tensorflow: ['@tensorflow/tfjs-node-gpu', '@tensorflow/tfjs-node']
}

/**
 * Opens a tfjs backend as an executor: `cpu` and `wasm` are always there, `tensorflow` when `@tensorflow/tfjs-node-gpu` or
 * `@tensorflow/tfjs-node` is installed; any other name must have been registered with tfjs before.
 *
 * @throws SkipwiseError `EXECUTOR_UNAVAILABLE`
 */
export async function openTfjsExecutor(backend: string): Promise<Executor> {
  // tfjs's production mode: no advertisement for tfjs-node on the first use of the cpu backend
  tf.enableProdMode()
  await loadBackend(backend)
  if (!(await tf.setBackend(backend))) throw unavailable(backend, 'it did not initialise')
  registerFusedKernels(backend)
  return new TfjsExecutor(backend)
}

async function loadBackend(backend: string): Promise<void> {
  if (tf.engine().registryFactory[backend]) return
  const packages = backendPackages[backend] ?? [], failures: string[] = []
  if (backend === 'tensorflow' && !('isNullOrUndefined' in util)) {
    throw unavailable(backend, 'tfjs-node 4.22 calls util.isNullOrUndefined, which Node has no longer since version 23', 'use the executor tensorflow, which loads only the native addon, or Node 20 or 22')
  }
  for (const name of packages) {
    try {
      await import(name)
      return
    } catch (error) {
      failures.push(`${name}: ${isInstalled(name) ? (error as Error).message : 'not installed'}`)
    }
  }
  throw unavailable(backend, failures.join('; ') || 'no such backend is registered with tfjs')
}

function isInstalled(name: string): boolean {
  try {
    createRequire(import.meta.url).resolve(name)
    return true
  } catch {
    return false
  }
}

const unavailable = (backend: string, reason: string, fix = 'use the backend cpu or wasm, or the executor onnx') =>
  new SkipwiseError('EXECUTOR_UNAVAILABLE', { problem: `the tfjs backend '${backend}' cannot be used: ${reason}`, fix })

class TfjsExecutor implements Executor {
  readonly name = 'tfjs'
  constructor(readonly device: string) {}

  readonly #use = () => {
    // Synchronous: the backend has been initialised.
    if (tf.getBackend() !== this.device) void tf.setBackend(this.device)
  }

  async compile(graph: Graph, options: CompileOptions = {}): Promise<TfjsProgram> {
    const missing = graph.nodes.find(node => !tf.getKernel(node.kernel, this.device))
    if (missing) {
      throw new SkipwiseError('EXECUTOR_KERNEL', {
        problem: `the tfjs backend '${this.device}' has no kernel ${missing.kernel}`,
        fix: 'use the backend cpu or the executor onnx, or write the function with other operations'
      })
    }
    return new TfjsProgram(graph, options, this.#use)
  }

  upload(spec: ValueSpec, data: HostData = allocate(spec)): Value {
    this.#use()
    return new TfjsValue(keepTensor(spec, data.slice()))
  }

  async read(value: Value): Promise<HostData> {
    this.#use()
    return (await (value as TfjsValue).tensor.data()) as HostData
  }

  async dispose(): Promise<void> {}
}
