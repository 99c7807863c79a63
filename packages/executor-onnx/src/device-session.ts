import { InferenceSession, type Tensor } from 'onnxruntime-node'
import type { DeviceTensor } from './device-value.js'
import { encodeModel, type OnnxGraph } from './onnx-model.js'

/** Whether the Node binding can leave outputs on the device: it binds memory of WebGPU only. */
export const staysOnDevice = (device: OnnxDevice): boolean => device === 'webgpu'

/**
 * A session on a GPU. Memory that it gave to outputs is its own and ends with it, so it is released when it is closed
 * and the last tensor of it is disposed.
 */
export class DeviceSession {
  #closed = false
  #live = 0

  private constructor(private readonly session: InferenceSession) {}

  /** @param stay outputs that are not fetched */
  static async create(model: OnnxGraph, device: OnnxDevice, stay: readonly string[]): Promise<DeviceSession> {
    return new DeviceSession(
      await InferenceSession.create(encodeModel(model), {
        executionProviders: [device, 'cpu'],
        ...(staysOnDevice(device) &&
          stay.length > 0 && {
            preferredOutputLocation: Object.fromEntries(stay.map(name => [name, 'gpu-buffer' as const]))
          }),
        // What is computed again is not to be kept: see OnnxProgram.
        extra: { optimization: { disable_specified_optimizers: 'CommonSubexpressionElimination' } },
        graphOptimizationLevel: 'all',
        logSeverityLevel: 4
      })
    )
  }

  /** Every output by name, with what frees it. */
  async run(
    feeds: Readonly<Record<string, Tensor>>,
    fetches: readonly string[]
  ): Promise<Record<string, DeviceTensor>> {
    const results = await this.session.run({ ...feeds }, [...fetches])
    return Object.fromEntries(Object.entries(results).map(([name, tensor]) => [name, this.#held(tensor)]))
  }

  /** Memory of the host is the garbage collector's. */
  #held(tensor: Tensor): DeviceTensor {
    if (tensor.location !== 'gpu-buffer') return { tensor, free: () => {} }
    this.#live++
    const free = () => {
      tensor.dispose()
      this.#live--
      void this.#release()
    }
    return { tensor, free }
  }

  async close(): Promise<void> {
    this.#closed = true
    await this.#release()
  }

  async #release(): Promise<void> {
    if (this.#closed && this.#live === 0) await this.session.release()
  }
}

/** A provider of ONNX Runtime that computes on a GPU. */
export type OnnxDevice = 'webgpu' | 'cuda'
