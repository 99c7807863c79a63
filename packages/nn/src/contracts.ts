import type { RopeFrequencies } from '@skipwise/core'
import type { tf } from '@skipwise/runtime'

/** Initial values of a parameter when a model is trained from random weights. */
export type Initializer = 'normal' | 'ones' | 'zeros'

/** A parameter of a model, under the name and with the shape it has in a Hugging Face checkpoint. */
export interface ParameterSpec {
  readonly name: string
  readonly shape: readonly number[]
  readonly initializer: Initializer
}

/** Sizes that engines need to know. */
export interface ModelGeometry {
  /** V */
  readonly vocabSize: number
  /** d */
  readonly hiddenSize: number
  readonly layers: number
  /** H */
  readonly heads: number
  /** K: divides H. */
  readonly keyValueHeads: number
  /** D */
  readonly headDim: number
  /** R: rotated dimensions of a head. */
  readonly rotaryDim: number
  /** `rope_theta` of layers with a local RoPE, which no scheme scales (Gemma 3, OLMo 3); undefined for none. */
  readonly localRopeBase?: number | undefined
  /** `max_position_embeddings` */
  readonly maxPositionEmbeddings: number
  /** What scores of attention are multiplied by, > 0; 1/√D if not given. */
  readonly scoreScale?: number | undefined
  /** c > 0: a scaled score s of attention becomes c · tanh(s / c) (Gemma 2); undefined for s itself. */
  readonly scoreSoftCap?: number | undefined
}

/** Parameters by name. */
export type Parameters = Readonly<Record<string, tf.Tensor>>

/** The role of a tensor in attention; most encodings treat both alike. */
export type AttentionRole = 'query' | 'key'

/** What a block attends with; training and inference pass different ones. */
export interface BlockContext {
  /** B */
  readonly batch: number
  /** T */
  readonly length: number
  /**
   * Encodes the positions of queries or keys, [B, T, H, D] → the same shape.
   *
   * @param isLocal by the local RoPE of the model; `false` if not given
   */
  encode(x: tf.Tensor4D, role: AttentionRole, isLocal?: boolean): tf.Tensor4D
  /**
   * Causal attention, [B, T, H, D] and two [B, T, K, D] → [B, T, H, D].
   *
   * @param slidingWindow a token attends to itself and the `slidingWindow` − 1 tokens before it by index; undefined for
   * all
   */
  attend(layer: number, query: tf.Tensor4D, key: tf.Tensor4D, value: tf.Tensor4D, slidingWindow?: number): tf.Tensor4D
}

/** The output layer: logits are hidden · weightᵀ + bias, capped where there is a soft cap. */
export interface Head {
  /** [N, d], after the final norm. */
  readonly hidden: tf.Tensor2D
  /** [V, d] */
  readonly weight: tf.Tensor2D
  /** [V], where the output layer has one. */
  readonly bias?: tf.Tensor1D
  /** c > 0: a logit x becomes c · tanh(x / c) (Gemma 2); undefined for x itself. */
  readonly softCap?: number | undefined
}

/** A model as pure tensor functions over flat tokens, N = B·T. */
export interface ModelDefinition {
  readonly geometry: ModelGeometry
  /** Name of the `positional-encoding` that its attention was made for. */
  readonly positionalEncoding: string
  /** Keys of `config.json` that have the window, and change with it. */
  readonly windowKeys: readonly string[]
  /** Keys that `config.json` needs besides its own, so that it has everything that the model was defined from. */
  readonly configKeys?: Readonly<Record<string, unknown>>
  /**
   * For a model whose output layer is its embedding: the parameter that both share, and the name that a file gives to a
   * separate output layer. With `tie_word_embeddings: false` in `config.json`, the model has that parameter too.
   */
  readonly tied?: { readonly embedding: string; readonly head: string }
  /** Every parameter, in the order of the checkpoint. */
  readonly parameters: readonly ParameterSpec[]
  /** ids [N] → hidden states [N, d]. */
  embed(parameters: Parameters, ids: tf.Tensor1D): tf.Tensor2D
  /** One decoder block: [N, d] → [N, d]. */
  block(parameters: Parameters, layer: number, x: tf.Tensor2D, context: BlockContext): tf.Tensor2D
  /** Final norm and output layer: [N, d] → what logits are computed from. */
  head(parameters: Parameters, x: tf.Tensor2D): Head
}

/** A model architecture: reads `config.json`, defines the model. */
export interface Architecture {
  /** Values of `model_type` in `config.json` that it reads. */
  readonly modelTypes: readonly string[]
  /**
   * @param hint the usual name of the model, for instance that of its folder: it decides only what the file leaves open
   * @throws SkipwiseError `ARCHITECTURE_CONFIG` naming the keys that are wrong or not supported
   */
  define(config: Readonly<Record<string, unknown>>, hint?: string): ModelDefinition
}

/**
 * Numbers of every token that an encoding computes on the host, in float64, rounded once; R is `rotaryDim` of the
 * model, 0 for one that does not rotate.
 */
export interface PositionTables {
  /** [N, R/2] */
  readonly cos: Float32Array
  /** [N, R/2] */
  readonly sin: Float32Array
  /** Positions, [N]: of an encoding with `slopes`. */
  readonly positions?: Float32Array
}

/** A positional encoding: numbers on the host, application on tensors, a bias of the scores, or several of these. */
export interface PositionalEncoding {
  /** Tables of the given positions [N]; a rotary encoding's carry the attention factor. */
  tables(positionIds: Int32Array, frequencies: RopeFrequencies): PositionTables
  /**
   * Encodes queries or keys; an encoding that leaves them alone returns them.
   *
   * @param x [B, T, H, D]
   * @param cos [B, T, R/2]
   * @param sin [B, T, R/2]
   */
  apply(x: tf.Tensor4D, cos: tf.Tensor3D, sin: tf.Tensor3D, role: AttentionRole): tf.Tensor4D
  /**
   * How much a score decreases for each position between query and key, by query head, [H], > 0 (ALiBi); an encoding
   * without a bias leaves this out.
   */
  slopes?(heads: number): readonly number[]
}

declare module '@skipwise/core' {
  interface PluginKinds {
    architecture: Architecture
    'positional-encoding': PositionalEncoding
  }
}
