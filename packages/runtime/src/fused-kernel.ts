import type { ShapeRule } from './kernel-shapes.js'
import { tf } from './tfjs.js'

/** Tensors by argument name. */
export type Tensors = Readonly<Record<string, tf.Tensor>>

/**
 * A tfjs kernel of our own: one node in a graph, with a definition in tfjs operations for every backend that has
 * nothing better, and a gradient made of fused kernels again.
 */
export interface FusedKernel {
  readonly name: string
  readonly outputs: ShapeRule
  /**
   * The definition: what every lowering must compute, in tensors of the shapes that `outputs` says. Runs eagerly on any
   * tfjs backend.
   */
  readonly compose: (inputs: Tensors, attributes: never) => tf.Tensor[]
  /**
   * Gradient functions by input name, each giving the shape of its input; `saved` has every input by name and the
   * outputs as `output0`, `output1`, ….
   */
  readonly gradient?: (dy: tf.Tensor[], saved: Tensors, attributes: never) => Record<string, () => tf.Tensor>
}

/** Fused kernels by name. */
export const fusedKernels = new Map<string, FusedKernel>()

/**
 * Makes a fused kernel known to tfjs (its gradient) and to the tracer, and returns the function that calls it.
 * Inputs without a gradient function get none. The shapes of what it returns are those of `outputs`.
 */
export function defineFusedKernel(kernel: FusedKernel, inputNames: readonly string[]) {
  fusedKernels.set(kernel.name, kernel)
  if (kernel.gradient) {
    const gradient = kernel.gradient
    tf.registerGradient({
      kernelName: kernel.name,
      inputsToSave: [...inputNames],
      outputsToSave: [true, true, true],
      gradFunc: (dy, saved, attributes) => {
        const byName: Record<string, tf.Tensor> = {}
        saved.forEach((tensor, index) => (byName[inputNames[index] ?? `output${index - inputNames.length}`] = tensor))
        const functions = gradient(Array.isArray(dy) ? dy : [dy as tf.Tensor], byName, attributes as never)
        // tfjs calls only the functions of inputs on the path; the others must exist and may not be called.
        return functions
      }
    })
  }
  return (inputs: Tensors, attributes: Readonly<Record<string, unknown>> = {}): tf.Tensor[] => {
    const backendName = tf.getBackend()
    registerFusedKernels(backendName, composed)
    return [
      tf.engine().runKernel(kernel.name, inputs as tf.NamedTensorMap, attributes as tf.NamedAttrMap)
    ].flat() as tf.Tensor[]
  }
}

/** Registers every fused kernel for a tfjs backend that does not have it yet. */
export function registerFusedKernels(
  backendName: string,
  makeKernel: (kernel: FusedKernel) => tf.KernelFunc = composed
): void {
  for (const kernel of fusedKernels.values()) {
    if (!tf.getKernel(kernel.name, backendName))
      tf.registerKernel({ kernelName: kernel.name, backendName, kernelFunc: makeKernel(kernel) })
  }
}

/** Runs the composed definition; only its results outlive the call. */
function composed(kernel: FusedKernel): tf.KernelFunc {
  return ({ inputs, attrs }) =>
    tf.tidy(() => kernel.compose(inputs as unknown as Tensors, attrs as never)) as unknown as tf.TensorInfo[]
}
