import type { GraphNode } from './graph.js'
import type { BuiltInKernels, KernelName, NodeOf, TfjsKernels } from './kernel-types.js'

/** Adds what a backend runs for one node of a graph to its builder. */
export type KernelLowering<Builder, K extends KernelName> = {
  // a method, so that a lowering of one kernel is a lowering of any
  lower(builder: Builder, node: NodeOf<K>): void
}['lower']

/**
 * How a backend lowers each kernel; `'composed'`: by its definition (`expandKernels`). A table without a kernel does
 * not compile.
 */
export type LoweringTable<Builder> = { readonly [K in keyof TfjsKernels]: KernelLowering<Builder, K> } & {
  readonly [K in keyof BuiltInKernels]: KernelLowering<Builder, K> | 'composed'
}

type AnyLowering<Builder> = { lower(builder: Builder, node: GraphNode): void }['lower']

/** Finds the lowering of a kernel by its name; undefined where it is composed, or a kernel of a third party. */
export function loweringFinder<Builder>(
  table: LoweringTable<Builder>
): (kernel: string) => AnyLowering<Builder> | undefined {
  const lowerings: Readonly<Record<string, AnyLowering<Builder> | 'composed'>> = table
  return kernel => {
    const lowering = Object.hasOwn(lowerings, kernel) ? lowerings[kernel] : 'composed'
    return lowering === 'composed' ? undefined : lowering
  }
}
