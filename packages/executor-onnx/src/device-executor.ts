import { isSkipwiseError, SkipwiseError } from '@skipwise/core'
import {
  allocate,
  type CompileOptions,
  type Executor,
  type Graph,
  type HostData,
  type Program,
  type Value,
  type ValueSpec
} from '@skipwise/runtime'
import { staysOnDevice, type OnnxDevice } from './device-session.js'
import { DeviceCopies } from './device-copies.js'
import { DeviceProgram } from './device-program.js'
import { DeviceValue } from './device-value.js'

const missing: Readonly<Record<OnnxDevice, string>> = {
  webgpu:
    'install a Vulkan driver for the GPU and libvulkan1 (check with vulkaninfo), or use the executor onnx on the CPU',
  cuda: 'let the install script of onnxruntime-node fetch its CUDA libraries (Linux x64, CUDA 12, cuDNN 9; npm rebuild onnxruntime-node), or use webgpu or the CPU'
}

/**
 * Opens ONNX Runtime on a GPU. With `webgpu`, which is inside the npm package, weights, optimizer state and caches stay
 * on the device between runs; with `cuda` they come back to the host, since the Node binding binds GPU memory of WebGPU
 * only.
 *
 * @throws SkipwiseError `EXECUTOR_UNAVAILABLE` with what the provider says is missing
 */
export async function openDeviceExecutor(device: OnnxDevice): Promise<Executor> {
  const copies = new DeviceCopies(device)
  await tryDevice(copies, device)
  return {
    name: 'onnx',
    device: `${device}, state ${staysOnDevice(device) ? 'on the device' : 'on the host'}`,
    compile: (graph: Graph, options: CompileOptions = {}): Promise<Program> =>
      DeviceProgram.compile(graph, options, copies),
    upload: (spec: ValueSpec, data: HostData = allocate(spec)): Value => DeviceValue.ofHost(spec, data.slice()),
    read: (value: Value): Promise<HostData> => copies.read(value as DeviceValue),
    dispose: () => copies.dispose()
  }
}

/** Why this machine has no such device, or undefined when it has. */
export async function whyUnavailable(device: OnnxDevice): Promise<string | undefined> {
  try {
    await (await openDeviceExecutor(device)).dispose()
    return undefined
  } catch (error) {
    return isSkipwiseError(error) ? `${error.problem}; ${error.fix}` : String(error)
  }
}

/** Copies a number there: providers say only when they make a session what they lack. */
async function tryDevice(copies: DeviceCopies, device: OnnxDevice): Promise<void> {
  const value = DeviceValue.ofHost({ shape: [1], dtype: 'float32' }, Float32Array.of(1))
  try {
    await copies.there(value)
  } catch (cause) {
    const message = cause instanceof Error ? cause.message : String(cause)
    throw new SkipwiseError('EXECUTOR_UNAVAILABLE', {
      problem: `ONNX Runtime cannot use ${device}: ${/[^:]*$/.exec(message.split('\n')[0])?.[0].trim()}`,
      fix: missing[device],
      cause
    })
  }
}
