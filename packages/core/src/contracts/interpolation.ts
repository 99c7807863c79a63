/** What a rotary position encoding is built from. */
export interface RopeGeometry {
  /** R: rotated dimensions of a head, even and ≥ 2. */
  readonly rotaryDim: number
  /** b: `rope_theta`, > 0. */
  readonly base: number
  /** L_c: window of the original model, in tokens. */
  readonly originalLength: number
  /** L_t: window to reach, in tokens, ≥ `originalLength`. The factor is s = L_t / L_c. */
  readonly targetLength: number
  /** Current sequence length in tokens, for schemes that depend on it. */
  readonly length?: number
}

/** The frequencies that a scheme gives. */
export interface RopeFrequencies {
  /** θ'_i in radians per position, [R/2], float64. */
  readonly inverseFrequencies: Float64Array
  /** A: multiplies cos and sin, hence the logits by A². */
  readonly attentionFactor: number
  /** Multiplies the softmax scale 1/√D; 1 for every scheme that acts through `attentionFactor`. */
  readonly softmaxScale: number
}

/** RoPE keys as `config.json` has them. */
export interface HuggingFaceRope {
  /** Transformers ≥ 5: `rope_parameters`, with `rope_theta` and `rope_type` inside. */
  readonly rope_parameters: Readonly<Record<string, unknown>>
  /** Transformers ≤ 4: `rope_scaling`, `null` when nothing is scaled. */
  readonly rope_scaling: Readonly<Record<string, unknown>> | null
  /** Transformers ≤ 4: top-level `rope_theta`. */
  readonly rope_theta: number
  readonly max_position_embeddings: number
  /** L_c at the top as well, for types where a stack looks only there. */
  readonly original_max_position_embeddings?: number
}

/** An interpolation scheme: pure functions over numbers. */
export interface Interpolation {
  /** Frequencies and factors for a geometry. Pure; float64. */
  frequencies(geometry: RopeGeometry): RopeFrequencies
  /** The `config.json` keys with which stock transformers computes the same frequencies; throws when it cannot. */
  toHuggingFace(geometry: RopeGeometry): HuggingFaceRope
}
