import type { ValueSpec } from './graph.js'
import type {
  AttributesOf,
  ByInput,
  BySaved,
  FusedKernelName,
  InputOf,
  OptionalInput,
  SavedOutput
} from './kernel-types.js'
import { tf } from './tfjs.js'

/** Tensors by argument name. */
export type Tensors = Readonly<Record<string, tf.Tensor>>

type Attributes = Readonly<Record<string, unknown>>

/**
 * A tfjs kernel of our own, of a name in `FusedKernels`: one node in a graph, with a definition in tfjs operations for
 * every backend that has nothing better, and a gradient made of fused kernels again.
 */
export interface FusedKernelDefinition<K extends FusedKernelName> {
  readonly name: K
  /** Inputs that may be left out, in the order in which tfjs saves them. */
  readonly optional?: readonly OptionalInput<K>[]
  /** Shapes and types of what it gives. */
  outputs(inputs: ByInput<K, ValueSpec>, attributes: AttributesOf<K>): readonly ValueSpec[]
  /**
   * The definition: what every lowering must compute, in tensors of the shapes that `outputs` says. Runs eagerly on any
   * tfjs backend.
   */
  compose(inputs: ByInput<K, tf.Tensor>, attributes: AttributesOf<K>): tf.Tensor[]
  /** Its gradient; `'none'` where nothing is differentiated through it. */
  readonly gradient: 'none' | GradientDefinition<K>
  /** Whether a call is computed by its definition everywhere, because of attributes that no lowering knows. */
  alwaysComposed?(attributes: AttributesOf<K>): boolean
  /** The kernel that this one computes the gradient of: a backward pass begins with such a kernel. */
  readonly gradientOf?: FusedKernelName
  /**
   * Of a gradient: it looks up what the kernel before it kept by the names of its inputs, so that these may not be
   * copies that were computed again. Such a kernel comes first in a backward pass.
   */
  readonly originalInputs?: boolean
  /**
   * `'cheap'`: it costs one pass over memory, so that its first output is computed again in the backward pass instead
   * of being kept.
   */
  readonly recompute?: 'cheap'
}

/** How the gradient of a fused kernel is computed. */
export interface GradientDefinition<K extends FusedKernelName> {
  /** Names of its first outputs, in their order; none if the gradient reads inputs alone. */
  readonly saved: readonly SavedOutput<K>[]
  /**
   * Gradient functions by input name, each giving the shape of its input; an input without one gets no gradient.
   *
   * @param dy gradient of each output
   */
  functions(
    dy: tf.Tensor[],
    saved: BySaved<K, tf.Tensor>,
    attributes: AttributesOf<K>
  ): { readonly [Input in InputOf<K>]?: () => tf.Tensor }
}

/** A {@link FusedKernelDefinition} of any name: tensors have the shapes that `outputs` says. */
export interface FusedKernel {
  readonly name: string
  readonly optional?: readonly string[]
  outputs(inputs: Readonly<Record<string, ValueSpec>>, attributes: Attributes): readonly ValueSpec[]
  compose(inputs: Tensors, attributes: Attributes): tf.Tensor[]
  readonly gradient:
    | 'none'
    | {
        readonly saved: readonly string[]
        functions(
          dy: tf.Tensor[],
          saved: Tensors,
          attributes: Attributes
        ): { readonly [input: string]: (() => tf.Tensor) | undefined }
      }
  alwaysComposed?(attributes: Attributes): boolean
  readonly gradientOf?: string
  readonly originalInputs?: boolean
  readonly recompute?: 'cheap'
}

/** Calls a fused kernel. */
export type KernelFunction<K extends FusedKernelName> = (
  inputs: ByInput<K, tf.Tensor>,
  ...attributes: Record<never, never> extends AttributesOf<K> ? [attributes?: AttributesOf<K>] : [AttributesOf<K>]
) => tf.Tensor[]

/** Fused kernels by name. */
export const fusedKernels = new Map<string, FusedKernel>()

/** Makes a fused kernel known to tfjs (its gradient) and to the tracer, and returns the function that calls it. */
export function defineFusedKernel<K extends FusedKernelName>(kernel: FusedKernelDefinition<K>): KernelFunction<K>
/** Inputs and outputs have the shapes that `outputs` of the kernel says. */
export function defineFusedKernel(kernel: FusedKernel): (inputs: Tensors, attributes?: Attributes) => tf.Tensor[] {
  fusedKernels.set(kernel.name, kernel)
  return (inputs, attributes = {}) => {
    const backendName = tf.getBackend()
    registerFusedKernels(backendName)
    const name = withGradient(kernel, inputs, backendName)
    return [tf.engine().runKernel(name, inputs, attributes as tf.NamedAttrMap)].flat() as tf.Tensor[]
  }
}

/**
 * Makes the gradient of a call known to tfjs, and the name under which it is. tfjs saves every input that it was told
 * to, so a kernel has another name there for each choice of optional inputs; in a graph it has its own.
 */
function withGradient(kernel: FusedKernel, inputs: Tensors, backendName: string): string {
  const { name, gradient, optional = [] } = kernel
  if (gradient === 'none') return name
  const chosen = [name, ...optional.filter(input => input in inputs)].join(' ')
  const known = tf.getKernel(name, backendName)
  if (known && !tf.getKernel(chosen, backendName)) tf.registerKernel({ ...known, kernelName: chosen })
  if (tf.getGradient(chosen)) return chosen
  const inputNames = Object.keys(inputs)
  const names = [...inputNames, ...gradient.saved]
  tf.registerGradient({
    kernelName: chosen,
    inputsToSave: inputNames,
    outputsToSave: gradient.saved.map(() => true),
    gradFunc: (dy, saved, attributes) => {
      const byName = Object.fromEntries(saved.map((tensor, i) => [names[i], tensor]))
      // tfjs calls only the functions of inputs on the path; the others must exist and may not be called.
      return gradient.functions([dy].flat(), byName, attributes as Attributes) as Record<string, () => tf.Tensor>
    }
  })
  return chosen
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
    tf.tidy(() =>
      kernel.compose(inputs as unknown as Tensors, attrs as unknown as Attributes)
    ) as unknown as tf.TensorInfo[]
}
