/** Tokens [begin, end) of a sequence are fed; those of [scored, end) that have a token before them are scored. */
export interface FedWindow {
  readonly begin: number
  readonly scored: number
  readonly end: number
  /** The special token of the mode comes before the fed tokens. */
  readonly prefix: boolean
  /** What the window's mean counts where {@link PerplexityMode.reduce} is `'mean'`. */
  readonly weight: number
}

/** Lengths of windows over one sequence, in tokens. */
export interface WindowGeometry {
  /** W. */
  readonly window: number
  /** S. */
  readonly stride: number
  /** Whether there is a special token to put before windows. */
  readonly prefix: boolean
}

/** One way to make a number of log probabilities: which windows, before what, and which mean. */
export interface PerplexityMode {
  readonly name: string
  /**
   * Sequences that windows run over: every document alone, or all joined into one stream, with EOS after each on
   * request.
   */
  readonly sequences: 'documents' | 'stream' | 'stream-eos'
  /**
   * Special token before windows: BOS by the policy of the configuration, EOS, BOS or else EOS whatever the policy, or
   * none.
   */
  readonly prefix: 'bos' | 'eos' | 'bos-or-eos' | 'none'
  /** Documents must fill the largest window, so that all windows measure the same documents. */
  readonly fillsWindow: boolean
  /** Whether S may be W or more, whether it must be less, or whether there is none. */
  readonly stride: 'any' | 'below-window' | 'none'
  /** One window a document of its first W tokens can be asked for. */
  readonly truncates: boolean
  /** Perplexity is e^(Σ NLL / Σ tokens), or base^(Σ weight · window mean / Σ weight). */
  readonly reduce: 'sum' | 'mean'
  readonly base: number
  /** Windows over a sequence of `n` tokens. */
  windows(n: number, geometry: WindowGeometry): Iterable<FedWindow>
}
