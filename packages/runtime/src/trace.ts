import { SkipwiseError } from '@skipwise/core'
import { fusedKernels, registerFusedKernels } from './fused-kernel.js'
import type { DType, Graph, GraphNode, HostData, ValueId, ValueSpec } from './graph.js'
import { shapeRules, type AnyShapeRule } from './kernel-shapes.js'
import { simplify } from './simplify.js'
import { tf } from './tfjs.js'

/** Name of the tfjs backend that records; tfjs splits registration keys at '_', so it has none. */
const BACKEND = 'skipwise-trace'

/** What a function to {@link trace} looks like: named tensors in, named tensors out. */
export type TensorFunction = (inputs: Record<string, tf.Tensor>) => Record<string, tf.Tensor>

/**
 * Runs `fn` once on placeholders and records the kernels it calls, those of gradients included, as a graph.
 * Nothing is computed; shapes are static. `fn` may use any tfjs operation of `shapeRules`, the fused kernels of this
 * package and `tf.grads`/`tf.valueAndGrads`, and must not read tensors.
 *
 * @throws SkipwiseError `TRACE_READ`, `TRACE_KERNEL`, `TRACE_OUTPUT`
 */
export function trace(name: string, fn: TensorFunction, specs: Readonly<Record<string, ValueSpec>>): Graph {
  const recorder = new Recorder()
  const engine = tf.engine()
  if (!engine.backendName) switchBackend('cpu')
  const previous = engine.backendName
  registerKernels()
  current = recorder
  switchBackend(BACKEND)
  try {
    const outputs: Record<string, ValueId> = {}
    const inputs: Record<string, ValueId> = {}
    tf.tidy(() => {
      const placeholders: Record<string, tf.Tensor> = {}
      for (const [key, spec] of Object.entries(specs)) {
        const value = recorder.value(spec)
        inputs[key] = value.id
        placeholders[key] = engine.makeTensorFromTensorInfo({
          dataId: value,
          shape: [...spec.shape],
          dtype: spec.dtype
        })
      }
      for (const [key, tensor] of Object.entries(fn(placeholders))) outputs[key] = recorder.idOf(tensor, key)
    })
    return simplify({
      name,
      values: recorder.values,
      inputs,
      constants: recorder.constants,
      nodes: recorder.nodes,
      outputs
    })
  } catch (error) {
    throw kernelError(error) ?? error
  } finally {
    current = undefined
    switchBackend(previous)
  }
}

let current: Recorder | undefined

/** A placeholder: tfjs keys data by object identity. */
class TracedValue {
  constructor(
    readonly id: ValueId,
    readonly recorder: Recorder
  ) {}
}

class Recorder {
  readonly values: ValueSpec[] = []
  readonly nodes: GraphNode[] = []
  readonly constants = new Map<ValueId, HostData>()

  value({ shape, dtype }: ValueSpec): TracedValue {
    this.values.push({ shape: [...shape], dtype })
    return new TracedValue(this.values.length - 1, this)
  }

  constant(data: HostData, spec: ValueSpec): TracedValue {
    const value = this.value(spec)
    this.constants.set(value.id, data)
    return value
  }

  record(
    kernel: string,
    rule: AnyShapeRule,
    inputs: Record<string, tf.TensorInfo>,
    given: Record<string, unknown>
  ): tf.TensorInfo[] {
    const attributes = explicit(kernel, inputs, given)
    const present = Object.entries(inputs).filter(([, info]) => info !== undefined && info !== null)
    const specs = Object.fromEntries(
      present.map(([key, info]) => [key, { shape: info.shape, dtype: info.dtype as DType }])
    )
    const outputs = rule(specs, attributes).map(spec => ({
      dataId: this.value(spec),
      shape: [...spec.shape],
      dtype: spec.dtype
    }))
    this.nodes.push({
      kernel,
      inputs: Object.fromEntries(present.map(([key, { dataId }]) => [key, this.#own(dataId).id])),
      attributes: Object.fromEntries(Object.entries(attributes).filter(([, value]) => value !== undefined)),
      outputs: outputs.map(({ dataId }) => dataId.id)
    })
    return outputs
  }

  idOf(tensor: tf.Tensor, key: string): ValueId {
    if (tensor?.dataId instanceof TracedValue) return this.#own(tensor.dataId).id
    throw new SkipwiseError('TRACE_OUTPUT', {
      problem: `output '${key}' is not a traced tensor`,
      fix: 'return tensors that the function computed'
    })
  }

  #own(dataId: object): TracedValue {
    if (dataId instanceof TracedValue && dataId.recorder === this) return dataId
    throw outsideError()
  }
}

/** Attributes with every size: tfjs leaves a size of −1 and axes that are not named to its kernels. */
function explicit(
  kernel: string,
  { x }: Readonly<Record<string, tf.TensorInfo>>,
  attributes: Record<string, unknown>
): Record<string, unknown> {
  if (kernel === 'Reshape') {
    const shape = tf.util.inferFromImplicitShape(attributes['shape'] as number[], tf.util.sizeFromShape(x.shape))
    return { ...attributes, shape }
  }
  if (kernel === 'Slice') {
    const { begin, size } = attributes as { begin: number | number[]; size?: number | number[] }
    const [from, sizes] = tf.slice_util.parseSliceParams(x, begin, size)
    return { ...attributes, begin: from, size: sizes }
  }
  return attributes
}

/** tfjs's backend interface over the current recorder: data can be written (constants), never read. */
class TraceBackend extends tf.KernelBackend {
  override write(values: tf.backend_util.BackendValues, shape: number[], dtype: tf.DataType): object {
    return recorder().constant(values as HostData, { shape, dtype: dtype as DType })
  }
  override move(): void {
    throw outsideError()
  }
  override read(): Promise<tf.backend_util.BackendValues> {
    throw readError('a tensor')
  }
  override readSync(): tf.backend_util.BackendValues {
    throw readError('a tensor')
  }
  override disposeData(): boolean {
    return true
  }
  override incRef(): void {}
  decRef(): boolean {
    return true
  }
  override refCount(): number {
    return 1
  }
  override memory() {
    return { unreliable: true }
  }
  override numDataIds(): number {
    return 0
  }
  override timerAvailable(): boolean {
    return false
  }
  override floatPrecision(): 32 {
    return 32
  }
  override epsilon(): number {
    return 1e-7
  }
  override dispose(): void {}
}

const outsideError = () =>
  new SkipwiseError('TRACE_OUTPUT', {
    problem: 'a traced function uses a tensor from outside',
    fix: 'pass it as an input, or make it inside the function'
  })

const readError = (what: string) =>
  new SkipwiseError('TRACE_READ', {
    problem: `a traced function read ${what}`,
    fix: 'pass numbers that the program depends on as inputs, and keep dataSync(), data() and print() outside'
  })

/** tfjs's plain error about a kernel that the tracing backend does not have, with a code. */
function kernelError(error: unknown): SkipwiseError | undefined {
  const [, kernel] =
    /^Kernel '(\w+)' not registered for backend/.exec(error instanceof Error ? error.message : '') ?? []
  return kernel === undefined
    ? undefined
    : new SkipwiseError('TRACE_KERNEL', {
        problem: `a traced function uses the tfjs kernel ${kernel}`,
        fix: 'write it with operations of `shapeRules` or fused kernels',
        cause: error
      })
}

function recorder(): Recorder {
  if (!current)
    throw new SkipwiseError('TRACE_OUTPUT', {
      problem: 'a traced tensor was used after its trace',
      fix: 'return what you need from the traced function'
    })
  return current
}

function switchBackend(name: string): void {
  const engine = tf.engine()
  if (name === BACKEND && !(BACKEND in engine.registryFactory))
    tf.registerBackend(BACKEND, () => new TraceBackend() as never, 0)
  // Synchronous for a backend that initialises synchronously; the promise carries nothing more.
  void engine.setBackend(name)
  if (engine.backendName !== name)
    throw new SkipwiseError('TRACE_KERNEL', {
      problem: `tfjs did not switch to the backend '${name}'`,
      fix: 'await tf.ready() first'
    })
}

let registered = false
function registerKernels(): void {
  registerFusedKernels(
    BACKEND,
    kernel =>
      ({ inputs, attrs }) =>
        recorder().record(kernel.name, kernel.outputs.bind(kernel), inputs as Record<string, tf.TensorInfo>, {
          ...attrs
        })
  )
  if (registered) return
  registered = true
  const rules: Readonly<Record<string, AnyShapeRule>> = shapeRules
  for (const [kernelName, rule] of Object.entries(rules)) {
    tf.registerKernel({
      kernelName,
      backendName: BACKEND,
      kernelFunc: ({ inputs, attrs }) => {
        const outputs = recorder().record(kernelName, rule, inputs as Record<string, tf.TensorInfo>, { ...attrs })
        return kernelName === 'SplitV' ? outputs : outputs[0]
      }
    })
  }
}

/** Whether a name is that of a fused kernel, for executors that treat them apart. */
export const isFusedKernel = (name: string): boolean => fusedKernels.has(name)
