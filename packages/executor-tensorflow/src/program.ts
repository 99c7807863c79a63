import { checkInputs, type CompileOptions, type Graph, type Program, type Value, type Values } from '@skipwise/runtime'
import type { Device } from './device.js'
import type { ProgramNodes } from './program-nodes.js'
import { placeOf, type Slot, type TensorFlowValue } from './value.js'

/** A graph in the device's session. */
export class TensorFlowProgram implements Program {
  /** Outputs of the last run that were not donated. */
  #owned: TensorFlowValue[] = []

  private constructor(
    private readonly device: Device,
    readonly graph: Graph,
    private readonly options: CompileOptions,
    readonly nodes: ProgramNodes
  ) {}

  /** Makes a graph a program of the device's next session. @throws SkipwiseError `EXECUTOR_KERNEL` */
  static compile(device: Device, graph: Graph, options: CompileOptions): TensorFlowProgram {
    const program = new TensorFlowProgram(device, graph, options, device.lower(graph, options))
    device.add(program)
    return program
  }

  async run(inputs: Values): Promise<Values> {
    checkInputs(this.graph, inputs)
    const { device, nodes } = this
    const session = device.link(this)
    const donate = this.options.donate ?? {}
    const values = inputs as Readonly<Record<string, TensorFlowValue>>
    const taken = new Set(Object.values(values))
    const donated = new Map(Object.entries(donate).map(([input, output]) => [output, values[input]]))
    const kept = new Set(donated.values())
    device.release(this.#owned.filter(value => !taken.has(value)))
    const overwritten = this.#owned.filter(value => taken.has(value) && !kept.has(value))
    // An output's variable may hold an input, or another program's output of that name.
    device.evict(nodes.filled)
    device.moveAll(Object.keys(donate).map(input => [nodes.inputs[input].slot, values[input]]))
    device.moveAll(this.#settling(values))

    const feeds: [string, number][] = []
    const borrowed: number[] = []
    for (const [name, { slot, read }] of Object.entries(nodes.inputs)) {
      if (name in donate) continue
      const place = placeOf(values[name])
      if (place.slot === slot) continue
      const tensor = place.tensor ?? device.fetch([place.slot])[0]
      if (place.slot) borrowed.push(tensor)
      feeds.push([read, tensor])
    }

    const entries = Object.entries(nodes.outputs)
    const fetches = entries.flatMap(([, output]) => ('fetch' in output ? [output.fetch] : []))
    const results = session.run(feeds, [...fetches, nodes.done]).map(({ id }) => id)
    for (const tensor of [...borrowed, results[fetches.length]]) device.binding.deleteTensor(tensor)
    device.release(overwritten)
    let next = 0
    const outputs = entries.map(([name, output]): [string, TensorFlowValue] => {
      const spec = this.graph.values[this.graph.outputs[name]]
      return [
        name,
        donated.get(name) ?? device.value(spec, 'slot' in output ? { slot: output.slot } : { tensor: results[next++] })
      ]
    })
    this.#owned = outputs.filter(([name]) => !donated.has(name)).map(([, value]) => value)
    return Object.fromEntries(outputs) as Record<string, Value>
  }

  /**
   * Inputs that move into their variables with this run: those that programs change there, or that are used again and
   * again.
   */
  #settling(values: Readonly<Record<string, TensorFlowValue>>): [Slot, TensorFlowValue][] {
    const { inputs, filled } = this.nodes
    const moves = new Map<TensorFlowValue, Slot>()
    const taken = new Set<Slot>()
    for (const [name, { slot }] of Object.entries(inputs)) {
      if (name in (this.options.donate ?? {})) continue
      const value = values[name]
      value.uses++
      if (
        placeOf(value).tensor === undefined ||
        moves.has(value) ||
        taken.has(slot) ||
        slot.occupant ||
        filled.has(slot)
      )
        continue
      if (!slot.state && value.uses === 1) continue
      moves.set(value, slot)
      taken.add(slot)
    }
    return [...moves].map(([value, slot]) => [slot, value])
  }

  async dispose(): Promise<void> {
    this.device.release(this.#owned)
    this.#owned = []
    this.device.remove(this)
  }
}
