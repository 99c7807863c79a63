/** The window of training (L_c) and the window to reach (L_t), in tokens. */
export interface Window {
  /** L_c: tokens of a training example, unless the transform says otherwise. */
  readonly original: number
  /** L_t: position ids stay below this. */
  readonly target: number
}

/** Which draw of an example: the same coordinates give the same example, in any order. */
export interface ExampleDraw {
  readonly seed: number
  readonly epoch: number
  /** Index of the example in its epoch. */
  readonly index: number
}

/** What a training step sees: one example of T tokens. */
export interface TrainingExample {
  /** Token ids, [T]. */
  readonly ids: Int32Array
  /**
   * Position ids, [T]: strictly increasing (within each document, where there are several), 0 ≤ position <
   * `window.target`.
   */
  readonly positionIds: Int32Array
  /** Per token, [T]: 1 when it counts as a target of the prediction made one token before; element 0 is always 0. */
  readonly labelMask: Uint8Array
  /**
   * Which document a token belongs to, [T], where several are packed into one example: small whole numbers, never
   * decreasing. A token attends only to its own document.
   */
  readonly documentIds?: Int32Array
}

/** A document as a position transform places it: one example of T tokens, with or without jumps of positions. */
export interface PositionedExample extends Omit<TrainingExample, 'documentIds'> {
  /**
   * Where each token comes from, as an index in the document, [T]: `ids[t] === document[sources[t]]`. Whatever is known
   * of the document's tokens, such as which of them are learned, is looked up by it.
   */
  readonly sources: Int32Array
}

/** Turns a document into a training example with position ids. */
export interface PositionTransform {
  /** The fewest document tokens that make an example. */
  minimumTokens(window: Window): number
  /** T: tokens of an example; `window.original` of a transform that leaves this out. */
  exampleLength?(window: Window): number
  /**
   * The probability that one example holds two tokens at each relative distance, exactly, [L_t]; left out where no
   * closed form is known.
   */
  coverage?(window: Window): Float64Array
  /**
   * @param document token ids [n], n ≥ `minimumTokens(window)`
   * @throws SkipwiseError `POSITIONS_DOCUMENT_SHORT`, `POSITIONS_WINDOW`
   */
  example(document: Int32Array, window: Window, draw: ExampleDraw): PositionedExample
}
