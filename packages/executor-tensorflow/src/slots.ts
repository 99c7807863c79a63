import type { CompileOptions, Graph, ValueSpec } from '@skipwise/runtime'
import { withoutUndefined } from '@skipwise/core'
import type { Slot } from './value.js'
import { tensorOf } from './storage.js'
import { tensorFlowType, type NodeDef } from './graph-def.js'

/**
 * The variables of a session. An input and an output have a slot by name, type and shape; a donated input has that of
 * its output, so that the value never moves. Programs of one session that name a value alike share it.
 */
export class Slots {
  readonly #slots = new Map<string, Slot>()

  get all(): Iterable<Slot> {
    return this.#slots.values()
  }

  ofInput(graph: Graph, name: string, { donate = {} }: CompileOptions): Slot {
    const donated = donate[name]
    const slot = this.#slot(donated ?? name, graph.values[graph.inputs[name]])
    if (donated !== undefined) slot.state = true
    return slot
  }

  ofOutput(graph: Graph, name: string): Slot {
    return this.#slot(name, graph.values[graph.outputs[name]])
  }

  #slot(name: string, { shape, dtype, codes }: ValueSpec): Slot {
    const key = `${codes ?? dtype} [${shape.join()}] ${name}`
    const known = this.#slots.get(key)
    if (known) return known
    const slot: Slot = {
      node: `variable${this.#slots.size}`,
      ...withoutUndefined({ shape, dtype, codes }),
      state: false
    }
    this.#slots.set(key, slot)
    return slot
  }
}

/** Handle of a slot's variable. */
export const handleRef = (slot: Slot): string => `${slot.node}:0`
/** Fetching this gives what the variable holds. */
export const readRef = (slot: Slot): string => `${slot.node}/read:0`
/** Feeding the one and fetching the other puts a tensor into the variable. */
export const assignRefs = (slot: Slot) => ({ feed: `${slot.node}/new:0`, fetch: `${slot.node}/assigned:0` })
/** Fetching this frees the memory of the variable. */
export const freeRef = (slot: Slot): string => `${slot.node}/freed:0`

/** The nodes of a variable. */
export function slotNodes(slot: Slot): NodeDef[] {
  const { node } = slot
  const { shape, type: element } = tensorOf(slot)
  const type = { type: element }
  const done = {
    dtype: { type: 'int32' },
    value: { tensor: { type: 'int32', shape: [], data: Int32Array.of(0) } }
  } as const
  return [
    {
      name: node,
      op: 'VarHandleOp',
      inputs: [],
      attributes: { dtype: type, shape: { shape }, shared_name: { string: node }, container: { string: '' } }
    },
    { name: `${node}/read`, op: 'ReadVariableOp', inputs: [`${node}:0`], attributes: { dtype: type } },
    { name: `${node}/new`, op: 'Placeholder', inputs: [], attributes: { dtype: type, shape: { shape } } },
    {
      name: `${node}/assign`,
      op: 'AssignVariableOp',
      inputs: [`${node}:0`, `${node}/new:0`],
      attributes: { dtype: type }
    },
    { name: `${node}/assigned`, op: 'Const', inputs: [`^${node}/assign`], attributes: done },
    {
      name: `${node}/free`,
      op: 'DestroyResourceOp',
      inputs: [`${node}:0`],
      attributes: { ignore_lookup_error: { bool: true } }
    },
    { name: `${node}/freed`, op: 'Const', inputs: [`^${node}/free`], attributes: done }
  ]
}

/** Number of an element type among those of the addon. */
export const typeNumber = (spec: ValueSpec): number => tensorFlowType[tensorOf(spec).type]
