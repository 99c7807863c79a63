import {
  checkInputs,
  expandKernels,
  FETCHED_ELEMENTS,
  sizeOf,
  type CompileOptions,
  type Graph,
  type Program,
  type Value,
  type Values
} from '@skipwise/runtime'
import type { DeviceCopies } from './device-copies.js'
import { DeviceSession, type OnnxDevice } from './device-session.js'
import { DeviceValue } from './device-value.js'
import { kernelError } from './builder.js'
import { hasLowering, lower } from './lowering.js'
import { conversionEnd } from './uncopied-outputs.js'

/**
 * Kernels whose operator gives other numbers on WebGPU (onnxruntime-node 1.30: SimplifiedLayerNormalization leaves its
 * second output empty): their definition is computed instead. So is attention over a cache: GroupQueryAttention is
 * wrong for a chunk of 150 queries.
 */
const COMPOSED = new Set(['RmsNorm'])

/**
 * Kernels that WebGPU computes wrong (Pow and And, where they broadcast) or to four digits only (WGSL's sine and
 * cosine). No model has them.
 */
const REFUSED = new Set(['Pow', 'LogicalAnd', 'Sin', 'Cos'])

/** Kernels that a device does not have. */
export const lackingKernels = (device: OnnxDevice): readonly string[] => (device === 'webgpu' ? [...REFUSED] : [])

/** A graph in a session on a GPU. Every run gives new memory for its outputs; what was donated is freed. */
export class DeviceProgram implements Program {
  /** Outputs of the last run that were not donated. */
  #owned: DeviceValue[] = []

  private constructor(
    readonly graph: Graph,
    private readonly session: DeviceSession,
    private readonly donate: NonNullable<CompileOptions['donate']>,
    private readonly copies: DeviceCopies
  ) {}

  static async compile(graph: Graph, { donate = {} }: CompileOptions, copies: DeviceCopies): Promise<DeviceProgram> {
    const lacking = lackingKernels(copies.device)
    const refused = graph.nodes.find(node => lacking.includes(node.kernel))
    if (refused) throw kernelError(refused.kernel, `the provider ${copies.device} computes it incorrectly`)
    const { nodes, outputs, ...model } = lower(
      expandKernels(graph, kernel => hasLowering(kernel) && !COMPOSED.has(kernel)),
      { composedCaches: true }
    )
    const donated = new Set(Object.values(donate))
    const stay = Object.entries(graph.outputs)
      .filter(([name, id]) => donated.has(name) || isLarge(graph, id))
      .map(([name]) => `out_${name}`)
    const session = await DeviceSession.create(
      {
        ...model,
        nodes: nodes.filter(node => node !== conversionEnd.node),
        outputs: outputs.filter(output => output !== conversionEnd.output)
      },
      copies.device,
      stay
    )
    return new DeviceProgram(graph, session, donate, copies)
  }

  async run(inputs: Values): Promise<Values> {
    checkInputs(this.graph, inputs)
    const values = inputs as Readonly<Record<string, DeviceValue>>
    const { graph, copies } = this
    for (const [name, id] of Object.entries(graph.inputs)) if (isLarge(graph, id)) await copies.toDevice(values[name])
    const feeds = Object.fromEntries(Object.keys(graph.inputs).map(name => [`in_${name}`, values[name].tensor]))
    const results = await this.session.run(
      feeds,
      Object.keys(graph.outputs).map(name => `out_${name}`)
    )
    for (const value of this.#owned) value.dispose()
    const donors = new Map(Object.entries(this.donate).map(([input, output]) => [output, values[input]]))
    const outputs = Object.entries(graph.outputs).map(([name, id]): [string, DeviceValue] => {
      const donor = donors.get(name)
      const held = results[`out_${name}`]
      if (!donor) return [name, new DeviceValue(graph.values[id], held)]
      donor.replace(held)
      return [name, donor]
    })
    this.#owned = outputs.filter(([name]) => !donors.has(name)).map(([, value]) => value)
    return Object.fromEntries(outputs) as Record<string, Value>
  }

  async dispose(): Promise<void> {
    for (const value of this.#owned) value.dispose()
    this.#owned = []
    await this.session.close()
  }
}

/** Whether a value stays on the device; inputs that do not go with the run. */
const isLarge = ({ values }: Graph, id: number): boolean => sizeOf(values[id].shape) > FETCHED_ELEMENTS
