/** The RoPE of one type of layers where a model has several: defaults for keys that the file leaves out. */
export interface LayerType {
  /** b; 10,000 if not given. */
  readonly base?: number
  /** Share of the head that turns; 1 if not given. */
  readonly share?: number
  /** `rope_type`; `default` if not given. */
  readonly type?: string
  /** The key at the top of a file with the base of these layers. */
  readonly baseKey?: string
  /** Whether a `rope_scaling` without layer types is meant for these layers. */
  readonly scaled?: boolean
}

/** What is known of a `model_type`: the values that transformers 5.18 uses for keys that a `config.json` leaves out. */
export interface ModelType {
  /** What the model has instead of RoPE: `ALiBi`, `learned positions`, … */
  readonly positions?: string
  /** b; 10,000 if not given. */
  readonly base?: number
  /** Share of the head that turns; 1 if not given. */
  readonly share?: number
  /** The rope object for a file without one. */
  readonly scaling?: Readonly<Record<string, unknown>>
  /** Models with a RoPE per layer type, full attention first. */
  readonly layers?: Readonly<Record<string, LayerType>>
  /** D in dimensions, where it does not follow from the width. */
  readonly headDim?: number
  /** D of full attention, where it differs. */
  readonly globalHeadDim?: number
  /** The key with the dimension of the head for the RoPE; it takes precedence over `head_dim`. */
  readonly headDimKey?: string
  /** Without `head_dim` in the file it is None, and transformers fails to compute some types. */
  readonly headDimNone?: boolean
  /** The model reads R from `rotary_dim`; a number is its value where the file leaves it out. */
  readonly rotaryDim?: number | boolean
  /** `hidden_size`. */
  readonly hidden?: number
  /** `num_attention_heads`. */
  readonly heads?: number
  /** `max_position_embeddings`, in tokens. */
  readonly window?: number
  /** `original_max_position_embeddings` at the top, in tokens. */
  readonly original?: number
  /** `model_type` of the text model whose keys are in `text_config`. */
  readonly text?: string
}
