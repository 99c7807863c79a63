import {
  sizeOf,
  type CodeData,
  type CompileOptions,
  type Graph,
  type HostData,
  type ValueSpec
} from '@skipwise/runtime'
import type { Binding } from './binding.js'
import type { Products } from './builder.js'
import { programNodes, type ProgramNodes } from './program-nodes.js'
import { Session } from './session.js'
import { tensorOf } from './storage.js'
import { placeOf, TensorFlowValue, type Slot } from './value.js'
import { assignRefs, freeRef, readRef, slotNodes, Slots, typeNumber } from './slots.js'
import { Staging } from './staging.js'

/** Variables that are fetched when one of them is read, at most. */
const READ_TOGETHER = 64

/** What a session is made of. */
interface LinkedProgram {
  readonly nodes: ProgramNodes
}

interface Linked {
  readonly session: Session
  readonly programs: ReadonlySet<LinkedProgram>
}

/**
 * One session over all programs, so that they share the variables in it. The addon cannot add to a graph: the session
 * is made when a program runs that it does not hold, and what the variables hold moves over.
 */
export class Device {
  readonly #programs = new Set<LinkedProgram>()
  readonly #slots = new Slots()
  readonly #staging = new Staging()
  #lowered = 0
  #linked: Linked | undefined
  /** Variables whose values are no more, to be freed by the next run that changes anything. */
  readonly #dead = new Set<Slot>()

  constructor(
    readonly binding: Binding,
    readonly products: Products,
    readonly xla: boolean,
    readonly narrowSoftmax: boolean
  ) {}

  /** Lowers a graph to nodes of the next session. @throws SkipwiseError `EXECUTOR_KERNEL` */
  lower(graph: Graph, options: CompileOptions): ProgramNodes {
    return programNodes(graph, options, {
      prefix: `program${this.#lowered++}/`,
      slots: this.#slots,
      products: this.products,
      narrowSoftmax: this.narrowSoftmax,
      xla: this.xla
    })
  }

  add(program: LinkedProgram): void {
    this.#programs.add(program)
  }

  remove(program: LinkedProgram): void {
    this.#programs.delete(program)
  }

  /** A value in a tensor of the addon; zeros without data. */
  upload(spec: ValueSpec, data?: HostData | CodeData): TensorFlowValue {
    if (data && data.length !== sizeOf(spec.shape))
      throw new RangeError(`${data.length} elements do not fill the shape [${spec.shape.join()}]`)
    return this.value(spec, {
      tensor: this.binding.createTensor(tensorOf(spec).shape, typeNumber(spec), this.#staging.hold(spec, data))
    })
  }

  value(spec: ValueSpec, place: TensorFlowValue['place']): TensorFlowValue {
    const value = new TensorFlowValue(spec, place, disposed => this.#dispose(disposed))
    if (place?.slot) place.slot.occupant = value
    return value
  }

  read(value: TensorFlowValue): HostData {
    const { slot, tensor } = placeOf(value)
    if (!slot) return this.binding.tensorDataSync(tensor)
    const group = this.#readWith(slot)
    const tensors = this.fetch(group)
    try {
      return this.binding.tensorDataSync(tensors[group.indexOf(slot)])
    } finally {
      for (const each of tensors) this.binding.deleteTensor(each)
    }
  }

  /**
   * The variables to fetch when one is read: whoever reads one weight reads all, and one set of fetches is prepared
   * once. On a CPU the others are not copied; from a GPU they would be.
   */
  #readWith(slot: Slot): readonly Slot[] {
    if (!slot.state || this.binding.isUsingGpuDevice()) return [slot]
    const held = [...this.#slots.all].filter(each => each.state && each.occupant)
    const first = held.indexOf(slot)
    return held.slice(first - (first % READ_TOGETHER), first - (first % READ_TOGETHER) + READ_TOGETHER)
  }

  /** Tensors of what variables hold; on a CPU the two share memory. The caller deletes them. */
  fetch(slots: readonly Slot[]): number[] {
    return slots.length === 0 ? [] : this.#session.run([], slots.map(readRef)).map(({ id }) => id)
  }

  /**
   * Puts values into variables, all in one run: TensorFlow prepares again for every other set of feeds and fetches, in
   * 10 ms and more. Live values in these variables move to tensors of their own.
   */
  moveAll(moves: readonly (readonly [Slot, TensorFlowValue])[]): void {
    const pending = moves.filter(([slot, value]) => slot.occupant !== value)
    const values = pending.map(([, value]) => value)
    if (pending.length === 0) return
    this.evict(pending.map(([slot]) => slot))
    const tensors = this.#borrow(values)
    const refs = pending.map(([slot]) => assignRefs(slot))
    try {
      this.#do(
        refs.map(({ fetch }) => fetch),
        refs.map(({ feed }, i) => [feed, tensors[i]])
      )
    } finally {
      this.#giveBack(values, tensors)
    }
    this.release(values)
    for (const [slot, value] of pending) {
      value.place = { slot }
      slot.occupant = value
      this.#dead.delete(slot)
    }
  }

  /** Moves what is in variables to tensors of their own. */
  evict(slots: Iterable<Slot>): void {
    const occupied = [...slots].filter(slot => slot.occupant)
    const tensors = this.fetch(occupied)
    if (occupied.length === 0) return
    occupied.forEach((slot, i) => {
      ;(slot.occupant as TensorFlowValue).place = { tensor: tensors[i] }
      delete slot.occupant
    })
    this.#do(occupied.map(freeRef))
  }

  /** Frees the memory of values. */
  release(values: readonly TensorFlowValue[]): void {
    this.#leave(values)
    this.flush()
  }

  /** Frees the variables that no value is in any more. */
  flush(): void {
    const frees = [...this.#dead].filter(slot => !slot.occupant).map(freeRef)
    this.#dead.clear()
    if (frees.length > 0 && this.#linked) this.#do(frees)
  }

  /**
   * Values are disposed one by one, but often many in a row: their variables are freed together when the caller is
   * done.
   */
  #dispose(value: TensorFlowValue): void {
    if (this.#dead.size === 0) queueMicrotask(() => this.flush())
    this.#leave([value])
  }

  #leave(values: readonly TensorFlowValue[]): void {
    for (const value of values) {
      const { place } = value
      value.place = undefined
      if (!place) continue
      if (place.tensor !== undefined) this.binding.deleteTensor(place.tensor)
      else {
        delete place.slot.occupant
        this.#dead.add(place.slot)
      }
    }
  }

  /** A tensor of every value; those that are fetched for it go with {@link #giveBack}. */
  #borrow(values: readonly TensorFlowValue[]): number[] {
    const places = values.map(placeOf)
    const fetched = this.fetch(places.flatMap(({ slot }) => slot ?? [])).values()
    return places.map(({ tensor }) => tensor ?? (fetched.next().value as number))
  }

  #giveBack(values: readonly TensorFlowValue[], tensors: readonly number[]): void {
    values.forEach((value, i) => {
      if (value.place?.tensor !== tensors[i]) this.binding.deleteTensor(tensors[i])
    })
  }

  /** The session with a program; made again when the last one does not have it. */
  link(program: LinkedProgram): Session {
    if (!this.#linked?.programs.has(program)) this.#relink()
    return this.#session
  }

  #relink(): void {
    this.flush()
    this.#unlink()
    const programs = new Set(this.#programs)
    const used = new Set([...programs].flatMap(({ nodes }) => [...nodes.slots]))
    const all = [...programs].map(({ nodes }) => nodes)
    this.#linked = {
      programs,
      session: new Session(
        this.binding,
        [...[...used].flatMap(slotNodes), ...all.flatMap(({ nodes }) => nodes)],
        all.flatMap(({ functions }) => functions)
      )
    }
  }

  #unlink(): void {
    if (!this.#linked) return
    this.evict(this.#slots.all)
    this.#linked.session.close()
    this.#linked = undefined
  }

  close(): void {
    if (!this.#linked) return
    this.release([...this.#slots.all].flatMap(({ occupant }) => occupant ?? []))
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
