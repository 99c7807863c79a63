import type { KernelLowering, KernelName, LoweringTable } from '@skipwise/runtime'
import type { OnnxBuilder } from './builder.js'

/** Adds the ONNX nodes of one graph node; its outputs must end up under `b.name(outputs[i])`. */
export type Lowering<K extends KernelName> = KernelLowering<OnnxBuilder, K>

/** How each kernel is lowered. */
export type Lowerings = LoweringTable<OnnxBuilder>
