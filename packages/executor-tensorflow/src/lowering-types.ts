import type { KernelLowering, KernelName, LoweringTable } from '@skipwise/runtime'
import type { GraphBuilder } from './builder.js'

/** Adds the TensorFlow nodes of one graph node; says by `b.set` or `b.update` where its outputs are. */
export type Lowering<K extends KernelName> = KernelLowering<GraphBuilder, K>

/** How each kernel is lowered. */
export type Lowerings = LoweringTable<GraphBuilder>
