import { allocate, sizeOf, type CompileOptions, type Graph, type HostData, type ValueSpec } from '@skipwise/runtime'
import type { Binding } from './binding.js'
import type { Products } from './builder.js'
import { TensorFlowProgram } from './program.js'
import { programNodes } from './program-nodes.js'
import { Session } from './session.js'
import { assignRefs, freeRef, readRef, slotNodes, Slots, typeNumber, type Slot } from './slots.js'
import { placeOf, TensorFlowValue } from './value.js'

interface Linked {
  readonly session: Session
  readonly programs: ReadonlySet<TensorFlowProgram>
}

/**
 * One session over all programs, so that they share the variables in it. The addon cannot add to a graph: the session is made when a
 * program runs that it does not hold, and what the variables hold moves over.
 */
export class Device {
  readonly #programs = new Set<TensorFlowProgram>()
  readonly #slots = new Slots()
  #lowered = 0
  #linked: Linked | undefined

  constructor(readonly binding: Binding, readonly products: Products, readonly xla: boolean) {}

  /** Lowers a graph and makes it a program of the next session. @throws SkipwiseError `EXECUTOR_KERNEL` */
  compile(graph: Graph, options: CompileOptions): TensorFlowProgram {
    const nodes = programNodes(graph, options, { prefix: `program${this.#lowered++}/`, slots: this.#slots, products: this.products, xla: this.xla })
    const program = new TensorFlowProgram(this, graph, options, nodes)
    this.#programs.add(program)
    return program
  }

  remove(program: TensorFlowProgram): void {
    this.#programs.delete(program)
  }

  /** A value in a tensor of the addon. */
  upload(spec: ValueSpec, data: HostData = allocate(spec)): TensorFlowValue {
    if (data.length !== sizeOf(spec.shape)) throw new RangeError(`${data.length} elements do not make [${spec.shape.join()}]`)
    return this.value(spec, { tensor: this.binding.createTensor(spec.shape, typeNumber(spec), misaligned(data)) })
  }

  value(spec: ValueSpec, place: TensorFlowValue['place']): TensorFlowValue {
    const value = new TensorFlowValue(spec, place, released => this.release([released]))
    if (place?.slot) place.slot.occupant = value
    return value
  }

  read(value: TensorFlowValue): HostData {
    return this.withTensor(value, tensor => this.binding.tensorDataSync(tensor))
  }

  /** Hands a tensor of the value to `use`; one that is fetched for it is freed again. */
  withTensor<Result>(value: TensorFlowValue, use: (tensor: number) => Result): Result {
    const place = placeOf(value)
    if (place.tensor !== undefined) return use(place.tensor)
    const tensor = this.fetch(place.slot)
    try {
      return use(tensor)
    } finally {
      this.binding.deleteTensor(tensor)
    }
  }

  /** A tensor of what a variable holds; on a CPU the two share memory. The caller deletes it. */
  fetch(slot: Slot): number {
    return this.#session.run([], [readRef(slot)])[0].id
  }

  /** Puts a value into a variable; whatever live value is there moves to a tensor of its own. */
  moveTo(slot: Slot, value: TensorFlowValue): void {
    if (slot.occupant === value) return
    this.evict(slot)
    const { feed, fetch } = assignRefs(slot)
    this.withTensor(value, tensor => this.#do([fetch], [[feed, tensor]]))
    this.release([value])
    value.place = { slot }
    slot.occupant = value
  }

  /** Moves what is in a variable to a tensor of its own. */
  evict(slot: Slot): void {
    const { occupant } = slot
    if (!occupant) return
    occupant.place = { tensor: this.fetch(slot) }
    delete slot.occupant
    this.#do([freeRef(slot)])
  }

  /** Frees the memory of values. */
  release(values: readonly TensorFlowValue[]): void {
    const frees: string[] = []
    for (const value of values) {
      const { place } = value
      value.place = undefined
      if (!place) continue
      if (place.tensor !== undefined) this.binding.deleteTensor(place.tensor)
      else {
        delete place.slot.occupant
        frees.push(freeRef(place.slot))
      }
    }
    if (frees.length > 0) this.#do(frees)
  }

  /** The session that holds a program; made anew when the last one does not. */
  link(program: TensorFlowProgram): Session {
    if (!this.#linked?.programs.has(program)) this.#relink()
    return this.#session
  }

  #relink(): void {
    this.#unlink()
    const programs = new Set(this.#programs), used = new Set([...programs].flatMap(({ nodes }) => [...nodes.slots]))
    const all = [...programs].map(({ nodes }) => nodes)
    this.#linked = { programs, session: new Session(this.binding, [...[...used].flatMap(slotNodes), ...all.flatMap(({ nodes }) => nodes)], all.flatMap(({ functions }) => functions)) }
  }

  #unlink(): void {
    if (!this.#linked) return
    for (const slot of this.#slots.all) this.evict(slot)
    this.#linked.session.close()
    this.#linked = undefined
  }

  close(): void {
    if (!this.#linked) return
    for (const slot of this.#slots.all) if (slot.occupant) this.release([slot.occupant])
    this.#unlink()
  }

  get #session(): Session {
    return (this.#linked as Linked).session
  }

  /** Runs nodes for their effect. */
  #do(fetches: readonly string[], feeds: readonly (readonly [string, number])[] = []): void {
    for (const { id } of this.#session.run(feeds, fetches)) this.binding.deleteTensor(id)
  }
}

/**
 * A copy at an address that is no multiple of 16: TensorFlow copies such memory at once. Memory that it shared with JavaScript would be
 * given back by whichever of its threads is last, and the addon may do that only on this one.
 */
function misaligned(data: HostData): HostData {
  const copy = new ArrayBuffer(data.byteLength + 4), Type = data.constructor as new (buffer: ArrayBuffer, offset: number, length: number) => HostData
  const view = new Type(copy, 4, data.length)
  view.set(data as never)
  return view
}
