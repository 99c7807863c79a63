import { SkipwiseError } from '@skipwise/core'
import type { Graph, HostData, ValueSpec } from './graph.js'
import type { CodeData, StorageName } from './stored-weight.js'

/** A value on an executor's device. It belongs to the executor that made it. */
export interface Value extends ValueSpec {
  /** Frees its memory. A donated or program-owned value needs no call. */
  dispose(): void
}

/** Named values. */
export type Values = Readonly<Record<string, Value>>

/** How a program is compiled. */
export interface CompileOptions {
  /**
   * Input name → output name: the input is consumed by a run and comes back as that output, in the same memory where
   * the executor can. Both have one shape. Used for weights, optimizer state and key/value caches.
   */
  readonly donate?: Readonly<Record<string, string>>
}

/** A compiled graph. */
export interface Program {
  readonly graph: Graph
  /**
   * Runs once. Outputs that are not donated belong to the program and hold until its next run: read them before.
   *
   * @throws SkipwiseError `EXECUTOR_INPUT`
   */
  run(inputs: Values): Promise<Values>
  dispose(): Promise<void>
}

/** Compiles and runs graphs on one device. */
export interface Executor {
  readonly name: string
  /** The device in words, for instance `'cpu, 2 threads'`. */
  readonly device: string
  /** How it can hold weights at rest (`storeWeights`); absent: only as float32. */
  readonly storages?: readonly StorageName[]
  /** Whether it keeps data that it is given to adopt, so that they are in memory once. */
  readonly adopts?: boolean
  compile(graph: Graph, options?: CompileOptions): Promise<Program>
  /**
   * Bytes of temporaries that a program of this graph holds at once at its peak and keeps for its next run, besides
   * inputs and outputs. Executors that do not know leave this out: see `peakOfTemporaries`.
   */
  workspace?(graph: Graph): number
  /**
   * A value holding a copy of `data`, row-major, or zeros. With `adopt` the caller does not write to `data` again, and
   * does not donate the value: an executor on the host may keep it in place of a copy, so that a large tensor is in
   * memory once.
   */
  upload(spec: ValueSpec, data?: HostData | CodeData, options?: { readonly adopt?: boolean }): Value
  /**
   * The numbers of a value, row-major; on a CPU executor this may be its own memory: copy what must outlive the next
   * run.
   */
  read(value: Value): Promise<HostData>
  dispose(): Promise<void>
}

/** Loads an executor: the instance of a plugin of kind `executor`. */
export interface ExecutorLoader {
  /** Why this machine cannot use it, or undefined when it can. */
  unavailable(): Promise<string | undefined>
  /** @throws SkipwiseError `EXECUTOR_UNAVAILABLE` */
  open(): Promise<Executor>
}

declare module '@skipwise/core' {
  interface PluginKinds {
    executor: ExecutorLoader
  }
}

/**
 * Every input of the graph is there, with its shape and type, and nothing else. For executors. @throws SkipwiseError
 * `EXECUTOR_INPUT`
 */
export function checkInputs(graph: Graph, inputs: Values): void {
  for (const [name, id] of Object.entries(graph.inputs)) {
    const spec = graph.values[id]
    const value = inputs[name]
    if (!value) throw inputError(graph, `input '${name}' is missing`)
    const isSame = value.dtype === spec.dtype && value.codes === spec.codes
    if (!isSame || String(value.shape) !== String(spec.shape)) {
      throw inputError(
        graph,
        `input '${name}' is ${typeOf(value)} [${value.shape.join()}], not ${typeOf(spec)} [${spec.shape.join()}]`
      )
    }
  }
  for (const name of Object.keys(inputs))
    if (!(name in graph.inputs)) throw inputError(graph, `there is no input '${name}'`)
}

/**
 * An executor can hold all these weights at rest.
 *
 * @throws SkipwiseError `EXECUTOR_STORAGE`
 */
export function checkStorages({ name, storages = [] }: Executor, asked: Iterable<StorageName>): void {
  for (const storage of asked) {
    if (storages.includes(storage)) continue
    throw new SkipwiseError('EXECUTOR_STORAGE', {
      problem: `the executor ${name} cannot hold weights in ${storage}`,
      fix: `use ${storages.length > 0 ? storages.join(', ') : 'float32'}, or the executor onnx`
    })
  }
}

const typeOf = ({ dtype, codes }: ValueSpec): string => codes ?? dtype

const inputError = (graph: Graph, problem: string) =>
  new SkipwiseError('EXECUTOR_INPUT', {
    problem: `program '${graph.name}': ${problem}`,
    fix: `pass exactly ${Object.keys(graph.inputs).slice(0, 8).join(', ')}${Object.keys(graph.inputs).length > 8 ? ', …' : ''}`
  })

/**
 * A backend whose values live on a device fetches outputs of up to this many elements with the run that makes them;
 * larger ones stay there until they are read.
 */
export const FETCHED_ELEMENTS = 1024

/** The error of a value that is read or passed to a program after its end. */
export const valueHasEnded = (): RangeError =>
  new RangeError('a value is used after it was disposed, donated or overwritten by the next run of its program')

/** `EXECUTOR_KERNEL`: an executor has no lowering of a kernel, or of this use of it. */
export const executorKernelError = (executor: string, kernel: string, detail: string): SkipwiseError =>
  new SkipwiseError('EXECUTOR_KERNEL', {
    problem: `executor ${executor} cannot lower the kernel ${kernel}${detail && `: ${detail}`}`,
    fix: 'use the executor tfjs, or write the function with supported operations'
  })
