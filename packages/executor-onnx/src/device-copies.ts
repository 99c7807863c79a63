import type { DType, HostData } from '@skipwise/runtime'
import { DeviceSession, staysOnDevice, type OnnxDevice } from './device-session.js'
import type { DeviceTensor, DeviceValue } from './device-value.js'
import type { OnnxGraph } from './onnx-model.js'

/**
 * Copies of values between host and device: the Node binding reads and writes GPU memory only as inputs and outputs of
 * a session.
 */
export class DeviceCopies {
  readonly #sessions = new Map<string, Promise<DeviceSession>>()

  constructor(readonly device: OnnxDevice) {}

  /** Copies a value to the device and forgets the copy. */
  async there(value: DeviceValue): Promise<void> {
    ;(await this.#copy(value, true)).free()
  }

  /** Moves a value of the host to the device, where that can be. */
  async toDevice(value: DeviceValue): Promise<void> {
    if (staysOnDevice(this.device) && value.isOnHost && value.dtype !== 'bool')
      value.replace(await this.#copy(value, true))
  }

  /** The numbers of a value. */
  async read(value: DeviceValue): Promise<HostData> {
    const tensor = value.isOnHost ? value.tensor : (await this.#copy(value, false)).tensor
    return tensor.data as HostData
  }

  async #copy({ tensor, shape, dtype }: DeviceValue, stays: boolean): Promise<DeviceTensor> {
    const key = `${stays} ${dtype} ${shape.join()}`
    const session =
      this.#sessions.get(key) ?? DeviceSession.create(copyModel(shape, dtype), this.device, stays ? ['y'] : [])
    this.#sessions.set(key, session)
    return (await (await session).run({ x: tensor }, ['y']))['y']
  }

  async dispose(): Promise<void> {
    for (const session of this.#sessions.values()) await (await session).close()
    this.#sessions.clear()
  }
}

const copyModel = (shape: readonly number[], type: DType): OnnxGraph => ({
  name: 'copy',
  nodes: [{ op: 'Identity', inputs: ['x'], outputs: ['y'] }],
  inputs: [{ name: 'x', type, shape }],
  outputs: [{ name: 'y', type, shape }],
  initializers: []
})
