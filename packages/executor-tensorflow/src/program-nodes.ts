import { FETCHED_ELEMENTS, sizeOf, type CompileOptions, type Graph } from '@skipwise/runtime'
import { GraphBuilder, type Products, type Ref } from './builder.js'
import type { FunctionDef, NodeDef } from './graph-def.js'
import { graphToLower, lower } from './lowering.js'
import { tensorOf } from './storage.js'
import type { Slot } from './value.js'
import { handleRef, type Slots } from './slots.js'
import { canCompile, compiledCall } from './xla.js'

/** A program in a session's graph. */
export interface ProgramNodes {
  readonly nodes: readonly NodeDef[]
  /** What XLA compiles, if anything. */
  readonly functions: readonly FunctionDef[]
  /** By input name: its slot, and the node that reads it; feeding that node instead leaves the slot alone. */
  readonly inputs: Readonly<Record<string, { readonly slot: Slot; readonly read: Ref }>>
  /** By output name: the node to fetch, or the slot that holds it after the run. */
  readonly outputs: Readonly<Record<string, { readonly fetch: Ref } | { readonly slot: Slot }>>
  /** Every slot that the nodes name. */
  readonly slots: ReadonlySet<Slot>
  /** The slots of outputs that no input is donated for: a run overwrites them. */
  readonly filled: ReadonlySet<Slot>
  /** Fetching this runs what fills the slots. */
  readonly done: Ref
}

/** What {@link programNodes} needs besides the graph. */
export interface LoweringSetup {
  /** Before the name of every node. */
  readonly prefix: string
  readonly slots: Slots
  readonly products: Products
  /** Whether a softmax of bfloat16 is one of float32, rounded. */
  readonly narrowSoftmax: boolean
  /** Let XLA compile what it can. */
  readonly xla: boolean
}

/** Lowers a graph to nodes whose names begin with `prefix`. @throws SkipwiseError `EXECUTOR_KERNEL` */
export function programNodes(
  traced: Graph,
  options: CompileOptions,
  { prefix, slots, products, narrowSoftmax, xla }: LoweringSetup
): ProgramNodes {
  const graph = graphToLower(traced)
  const donate = options.donate ?? {}
  const donated = new Set(Object.values(donate))
  const outer: NodeDef[] = []
  const functions: FunctionDef[] = []
  const inputs: Record<string, { slot: Slot; read: Ref }> = {}
  Object.entries(graph.inputs).forEach(([name, id], i) => {
    const slot = slots.ofInput(graph, name, options)
    const node = `${prefix}input${i}`
    outer.push({
      name: node,
      op: 'ReadVariableOp',
      inputs: [handleRef(slot)],
      attributes: { dtype: { type: tensorOf(graph.values[id]).type } }
    })
    inputs[name] = { slot, read: `${node}:0` }
  })
  const reads = Object.values(inputs)
  const builder = () =>
    new GraphBuilder({
      graph,
      prefix,
      products,
      narrowSoftmax,
      inputs: Object.fromEntries(Object.entries(inputs).map(([name, { read }]) => [name, read])),
      donated: new Map(
        Object.entries(donate).map(([input, output]) => [
          graph.inputs[input],
          { output: graph.outputs[output], handle: handleRef(inputs[input].slot) }
        ])
      )
    })
  let b = builder()
  lower(b)
  if (xla && canCompile(graph)) {
    const ids = [...new Set(Object.values(graph.outputs))]
    const compiled = compiledCall(
      b,
      prefix,
      reads.map(({ read }) => read),
      ids.map(id => b.ref(id))
    )
    functions.push(compiled.function)
    outer.push(compiled.call)
    b = builder()
    ids.forEach((id, i) => b.take(id, compiled.outputs[i]))
  }

  const last: Ref[] = []
  const filled = new Set<Slot>()
  const outputs: Record<string, { fetch: Ref } | { slot: Slot }> = {}
  for (const [name, id] of Object.entries(graph.outputs)) {
    const slot = slots.ofOutput(graph, name)
    const update = b.updated.get(id)
    if (update?.handle === handleRef(slot)) last.push(update.after)
    else if (!donated.has(name) && sizeOf(graph.values[id].shape) <= FETCHED_ELEMENTS) {
      outputs[name] = { fetch: b.op('Identity', [b.ref(id)]) }
      continue
    } else {
      // What a variable held before must have been read.
      const after = reads.filter(read => read.slot === slot).map(({ read }) => read)
      const value = b.ref(id)
      last.push(b.op('AssignVariableOp', [handleRef(slot), value], { dtype: { type: b.typeOf(value) } }, { after }))
    }
    outputs[name] = { slot }
    if (!donated.has(name)) filled.add(slot)
  }
  const done = b.op(
    'Const',
    [],
    { dtype: { type: 'int32' }, value: { tensor: { type: 'int32', shape: [], data: Int32Array.of(0) } } },
    { after: last }
  )
  return {
    nodes: [...outer, ...b.nodes],
    functions,
    inputs,
    outputs,
    filled,
    slots: new Set([...reads.map(read => read.slot), ...filled]),
    done
  }
}
