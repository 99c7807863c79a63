import { availableParallelism } from 'node:os'
import {
  allocate,
  storageNames,
  type CodeData,
  type CompileOptions,
  type Executor,
  type Graph,
  type HostData,
  type Program,
  type Value,
  type ValueSpec
} from '@skipwise/runtime'
import { HostProgram } from './host-program.js'
import { lower } from './lowering.js'
import { OnnxProgram } from './onnx-program.js'
import { OnnxValue } from './value.js'
import { sessionBytes } from './workspace.js'

/** How {@link openOnnxExecutor} runs. */
export interface OnnxExecutorOptions {
  /** Threads of one operator; default: one per core. */
  readonly threads?: number
}

/** Opens ONNX Runtime's CPU engine, which ships inside the npm package. */
export async function openOnnxExecutor({
  threads = availableParallelism()
}: OnnxExecutorOptions = {}): Promise<Executor> {
  return {
    name: 'onnx',
    device: `cpu, ${threads} threads`,
    storages: storageNames,
    adopts: true,
    compile: async (graph: Graph, options: CompileOptions = {}): Promise<Program> =>
      HostProgram.canRun(graph, options)
        ? new HostProgram(graph, options)
        : OnnxProgram.compile(graph, options, threads),
    workspace: (graph: Graph): number => sessionBytes(lower(graph)),
    upload: (spec: ValueSpec, data?: HostData | CodeData, { adopt = false } = {}): Value =>
      OnnxValue.of(spec, data ? (adopt ? data : data.slice()) : allocate(spec)),
    read: async (value: Value): Promise<HostData> => (value as OnnxValue).data,
    dispose: async () => {}
  }
}
