import type { DType, GraphNode, ValueId } from './graph.js'
import type { StorageName } from './stored-weight.js'

/** What a kernel is called with and gives, as types: an entry of {@link TfjsKernels} or {@link FusedKernels}. */
export interface KernelSignature {
  /** Names of its inputs. */
  readonly inputs: string
  /** Names of inputs that may be left out. */
  readonly optional?: string
  /** Names by which its gradient gets its outputs. */
  readonly saved?: string
  /** A type literal; nothing where it has none. */
  readonly attributes?: object
}

interface Unary {
  inputs: 'x'
}
interface Binary {
  inputs: 'a' | 'b'
}
interface Reduction {
  inputs: 'x'
  attributes: { axis?: number | readonly number[]; reductionIndices?: number | readonly number[]; keepDims?: boolean }
}

/** tfjs kernels that a traced function may use (names: tfjs-core/src/kernel_names.ts). */
export interface TfjsKernels {
  Add: Binary
  Sub: Binary
  Multiply: Binary
  RealDiv: Binary
  Maximum: Binary
  Minimum: Binary
  Pow: Binary
  SquaredDifference: Binary
  Equal: Binary
  NotEqual: Binary
  Greater: Binary
  GreaterEqual: Binary
  Less: Binary
  LessEqual: Binary
  LogicalAnd: Binary
  LogicalNot: Unary
  Neg: Unary
  Exp: Unary
  Log: Unary
  Log1p: Unary
  Sqrt: Unary
  Rsqrt: Unary
  Square: Unary
  Abs: Unary
  Sigmoid: Unary
  Tanh: Unary
  Relu: Unary
  Erf: Unary
  Sin: Unary
  Cos: Unary
  Reciprocal: Unary
  Sign: Unary
  ZerosLike: Unary
  OnesLike: Unary
  Identity: Unary
  Step: { inputs: 'x'; attributes: { alpha?: number } }
  Softmax: { inputs: 'logits'; attributes: { dim: number } }
  Cast: { inputs: 'x'; attributes: { dtype: DType } }
  Fill: { inputs: never; attributes: { shape: readonly number[]; value: number; dtype?: DType } }
  Sum: Reduction
  Mean: Reduction
  Max: Reduction
  Min: Reduction
  Prod: Reduction
  Reshape: { inputs: 'x'; attributes: { shape: readonly number[] } }
  ExpandDims: { inputs: 'input'; attributes: { dim: number } }
  Transpose: { inputs: 'x'; attributes: { perm: readonly number[] } }
  Slice: { inputs: 'x'; attributes: { begin: readonly number[]; size: readonly number[] } }
  PadV2: { inputs: 'x'; attributes: { paddings: readonly (readonly [number, number])[]; constantValue: number } }
  Tile: { inputs: 'x'; attributes: { reps: readonly number[] } }
  Concat: { inputs: `${number}`; attributes: { axis: number } }
  SplitV: { inputs: 'x'; attributes: { numOrSizeSplits: number | readonly number[]; axis: number } }
  Select: { inputs: 'condition' | 't' | 'e' }
  GatherV2: { inputs: 'x' | 'indices'; attributes: { axis: number; batchDims?: number } }
  UnsortedSegmentSum: { inputs: 'x' | 'segmentIds'; attributes: { numSegments: number } }
  OneHot: { inputs: 'indices'; attributes: { depth: number; onValue?: number; offValue?: number; dtype?: DType } }
  BatchMatMul: { inputs: 'a' | 'b'; attributes: { transposeA?: boolean; transposeB?: boolean } }
}

/** Attributes of the kernels of attention. */
export type AttentionAttributes = {
  /** Multiplies the scores before the softmax, usually 1/√D. */
  readonly scale: number
  /** What a score falls by per position or slot of distance, by query head, [H]; absent for no bias. */
  readonly slopes?: readonly number[]
  /** Tokens that a token attends to, itself included; absent for all before it. */
  readonly slidingWindow?: number
  /** c > 0: a scaled score s becomes c · tanh(s / c) before the bias; absent for s itself. */
  readonly softCap?: number
}

/** Attributes of the loss of an output layer. */
export type CrossEntropyAttributes = {
  /** c > 0: a logit x becomes c · tanh(x / c); absent for x itself. */
  readonly softCap?: number
}

/** Numbers of an optimizer's parameters and of their state. */
type OfParameter = 'parameter' | 'gradient' | 'mean' | 'variance'

/** Kernels of layers, of the loss and of the optimizer. */
export interface LayerKernels {
  RmsNorm: { inputs: 'x' | 'weight'; attributes: { epsilon: number }; saved: 'output' | 'inverseRms' }
  RmsNormGrad: { inputs: 'x' | 'weight' | 'inverseRms' | 'dy' }
  LayerNorm: {
    inputs: 'x' | 'weight' | 'bias'
    attributes: { epsilon: number }
    saved: 'output' | 'mean' | 'inverseDeviation'
  }
  LayerNormGrad: { inputs: 'x' | 'weight' | 'mean' | 'inverseDeviation' | 'dy' }
  SwiGlu: { inputs: 'gate' | 'up' }
  SwiGluGrad: { inputs: 'gate' | 'up' | 'dy' }
  TanhGelu: { inputs: 'x' }
  TanhGeluGrad: { inputs: 'x' | 'dy' }
  Embedding: { inputs: 'weight' | 'ids' }
  EmbeddingGrad: { inputs: 'ids' | 'dy'; attributes: { vocabSize: number } }
  RotaryHalf: { inputs: 'x' | 'cos' | 'sin'; attributes: { inverse: boolean } }
  RotaryInterleaved: { inputs: 'x' | 'cos' | 'sin'; attributes: { inverse: boolean } }
  LinearCrossEntropy: {
    inputs: 'hidden' | 'weight' | 'labels'
    optional: 'bias'
    attributes: CrossEntropyAttributes
  }
  LinearCrossEntropyGrad: {
    inputs: 'hidden' | 'weight' | 'labels' | 'dy'
    optional: 'bias'
    attributes: CrossEntropyAttributes
  }
  ClippedAdamW: { inputs: 'hyper' | `${OfParameter}${number}`; attributes: { weightDecay: readonly number[] } }
}

/** Kernels of attention and of its caches. */
export interface AttentionKernels {
  CausalAttention: {
    inputs: 'query' | 'key' | 'value'
    optional: 'positions' | 'documents'
    attributes: AttentionAttributes
    saved: 'output'
  }
  CausalAttentionGrad: {
    inputs: 'query' | 'key' | 'value' | 'output' | 'dy'
    optional: 'positions' | 'documents'
    attributes: AttentionAttributes
  }
  ChunkAttention: {
    inputs: 'query' | 'key' | 'value' | 'pastKeys' | 'pastValues' | 'pastLength'
    optional: 'positions' | 'pastPositions' | 'documents' | 'pastDocuments'
    attributes: AttentionAttributes
    saved: 'output'
  }
  ChunkAttentionGrad: {
    inputs: 'query' | 'key' | 'value' | 'pastKeys' | 'pastValues' | 'pastLength' | 'output' | 'dy'
    optional: 'positions' | 'pastPositions' | 'documents' | 'pastDocuments'
    attributes: AttentionAttributes
  }
  CachedAttention: {
    inputs: 'query' | 'key' | 'value' | 'keyCache' | 'valueCache' | 'pastLength'
    attributes: AttentionAttributes
  }
  CacheWrite: { inputs: 'cache' | 'rows' | 'pastLength' }
}

/** The kernel that `storeWeights` puts before the readers of a weight at rest. */
export interface StorageKernels {
  RestoreWeight: { inputs: 'codes'; optional: 'scales'; attributes: { storage: StorageName } }
}

/** The fused kernels of this package: an executor of this repository says of each how it is lowered. */
export type BuiltInKernels = LayerKernels & AttentionKernels & StorageKernels

/**
 * Every fused kernel by name. Merge a kernel of your own into it:
 *
 * @example
 * ```ts
 * declare module '@skipwise/runtime' {
 *   interface FusedKernels {
 *     Swish: { inputs: 'x'; attributes: { beta: number } }
 *   }
 * }
 * ```
 */
export interface FusedKernels extends LayerKernels, AttentionKernels, StorageKernels {}

/** Every kernel that a graph can hold, by name. */
export type Kernels = TfjsKernels & FusedKernels

/** Names of the fused kernels. */
export type FusedKernelName = keyof FusedKernels & string
/** Names of all kernels. */
export type KernelName = keyof Kernels & string

type Optional<S> = S extends { optional: infer Name extends string } ? Name : never
type Saved<S> = S extends { saved: infer Name extends string } ? Name : never
type Inputs<S> = S extends { inputs: infer Name extends string } ? Name : never

/** Attributes of a kernel. */
export type AttributesOf<K extends KernelName> = Kernels[K] extends { attributes: infer Attributes extends object }
  ? Readonly<Attributes>
  : Readonly<Record<never, never>>

/** Something for each input of a kernel. */
export type ByInput<K extends KernelName, Item> = Readonly<
  Record<Inputs<Kernels[K]>, Item> & Partial<Record<Optional<Kernels[K]>, Item>>
>

/** Something for each input of a kernel and each output that its gradient gets. */
export type BySaved<K extends KernelName, Item> = ByInput<K, Item> & Readonly<Record<Saved<Kernels[K]>, Item>>

/** Names of the inputs of a kernel that may be left out. */
export type OptionalInput<K extends KernelName> = Optional<Kernels[K]>
/** Names of the outputs of a kernel that its gradient gets. */
export type SavedOutput<K extends KernelName> = Saved<Kernels[K]>
/** Names of all inputs of a kernel. */
export type InputOf<K extends KernelName> = Inputs<Kernels[K]> | Optional<Kernels[K]>

/** A node of a graph whose kernel is known. */
export interface NodeOf<K extends KernelName> {
  readonly kernel: string
  /** `after` is what a node waits for that is computed again in the backward pass: see `rematerialize`. */
  readonly inputs: ByInput<K, ValueId> & { readonly after?: ValueId }
  readonly attributes: AttributesOf<K>
  readonly outputs: readonly ValueId[]
}

/** Whether a node of a graph is of this kernel. */
export const isNodeOf = <K extends KernelName>(node: GraphNode, kernel: K): node is GraphNode & NodeOf<K> =>
  node.kernel === kernel
