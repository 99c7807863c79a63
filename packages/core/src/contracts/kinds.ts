import type { EvalSuite } from './eval-suite.js'
import type { Interpolation } from './interpolation.js'
import type { PositionTransform } from './position-transform.js'
import type { Tokenizer } from './tokenizer.js'

/**
 * Plugin kind → the contract of its instances. Kinds whose contract has tensors are added by declaration merging in
 * `@skipwise/nn` (`architecture`, `positional-encoding`) and `@skipwise/runtime` (`executor`).
 */
export interface PluginKinds {
  interpolation: Interpolation
  'position-transform': PositionTransform
  tokenizer: TokenizerLoader
  'eval-suite': EvalSuite
}

/** Loads a tokenizer from the files of a model folder. */
export interface TokenizerLoader {
  /** Whether `folder` holds the files that this loader reads. */
  accepts(folder: string): Promise<boolean>
  load(folder: string): Promise<Tokenizer>
}
