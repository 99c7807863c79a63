import {
  storageNames,
  type CodeData,
  type CompileOptions,
  type Executor,
  type Graph,
  type HostData,
  type Program,
  type StorageName,
  type Value,
  type ValueSpec
} from '@skipwise/runtime'
import { loadBinding, prepareEnvironment } from './binding.js'
import type { Precision } from './builder.js'
import { hasBfloat16 } from './processor.js'
import { Device } from './device.js'
import { TensorFlowProgram } from './program.js'
import { roundsSoftmaxOnce } from './softmax-precision.js'
import type { TensorFlowValue } from './value.js'
import { workspaceBytes } from './workspace.js'

/** How {@link openTensorFlowExecutor} runs. */
export interface TensorFlowExecutorOptions {
  /**
   * Type of matrix products; default `float32`. With `bfloat16` weights, optimizer state, sums and everything else stay
   * float32, as under torch's autocast. A processor without instructions for it multiplies operands that are rounded to
   * it.
   */
  readonly dtype?: Precision | undefined
  /** Let XLA compile each program at its first run: seconds on a CPU, where it gains little; default false. */
  readonly xla?: boolean | undefined
  /** Threads of TensorFlow; default: one per core. The first executor of a process decides for all. */
  readonly threads?: number | undefined
}

/**
 * Opens TensorFlow through the addon of `@tensorflow/tfjs-node-gpu` or `@tensorflow/tfjs-node`: the first GPU it sees,
 * else the CPU.
 *
 * @throws SkipwiseError `EXECUTOR_UNAVAILABLE` with the missing part and how to get it
 */
export async function openTensorFlowExecutor({
  dtype = 'float32',
  xla = false,
  threads
}: TensorFlowExecutorOptions = {}): Promise<Executor> {
  prepareEnvironment(threads)
  const binding = loadBinding()
  const rounded = dtype === 'bfloat16' && !binding.isUsingGpuDevice() && !hasBfloat16()
  const products = rounded ? 'rounded' : dtype
  // XLA takes softmax apart, and rounds between the parts; no GPU was at hand to try one.
  const narrowSoftmax = products === 'bfloat16' && !xla && !binding.isUsingGpuDevice() && roundsSoftmaxOnce(binding)
  return new TensorFlowExecutor(new Device(binding, products, xla, narrowSoftmax))
}

class TensorFlowExecutor implements Executor {
  readonly name = 'tensorflow'
  readonly device: string
  readonly storages: readonly StorageName[]

  constructor(private readonly on: Device) {
    const { binding, products, xla } = on
    const precision = products === 'rounded' ? 'float32 of operands rounded to bfloat16' : products
    this.device = `${binding.isUsingGpuDevice() ? 'gpu' : 'cpu'}, TensorFlow ${binding.TF_Version}, ${precision}${xla ? ', XLA' : ''}`
    // tried on CPUs only
    this.storages = xla || binding.isUsingGpuDevice() ? [] : storageNames
  }

  async compile(graph: Graph, options: CompileOptions = {}): Promise<Program> {
    return TensorFlowProgram.compile(this.on, graph, options)
  }

  workspace(graph: Graph): number {
    return workspaceBytes(graph, this.on.products)
  }

  upload(spec: ValueSpec, data?: HostData | CodeData): Value {
    return this.on.upload(spec, data)
  }

  async read(value: Value): Promise<HostData> {
    return this.on.read(value as TensorFlowValue)
  }

  async dispose(): Promise<void> {
    this.on.close()
  }
}
