import { baichuan } from '@skipwise/arch-baichuan'
import { gptj } from '@skipwise/arch-gptj'
import { llama } from '@skipwise/arch-llama'
import { createRegistry, type Registry } from '@skipwise/core'
import { benchmarks } from '@skipwise/eval-benchmarks'
import { perplexity } from '@skipwise/eval-perplexity'
import { longchat, passkey, ruler } from '@skipwise/eval-retrieval'
import { onnxExecutor } from '@skipwise/executor-onnx'
import { tensorFlowExecutor } from '@skipwise/executor-tensorflow'
import { tfjsExecutor } from '@skipwise/executor-tfjs'
import { interpolationPlugins } from '@skipwise/interpolation'
import { positionTransformPlugins } from '@skipwise/position-transforms'
import { positionalEncodingPlugins } from '@skipwise/positional-encodings'
import { bytes, sentencePiece, tokenizerJson } from '@skipwise/tokenizers'
import { autoExecutor } from './auto-executor.js'

/** The plugins that come with Skipwise. */
export type DefaultPlugins =
  | (typeof interpolationPlugins)[number]
  | (typeof positionalEncodingPlugins)[number]
  | (typeof positionTransformPlugins)[number]
  | typeof llama
  | typeof gptj
  | typeof baichuan
  | typeof tokenizerJson
  | typeof sentencePiece
  | typeof bytes
  | typeof benchmarks
  | typeof perplexity
  | typeof passkey
  | typeof ruler
  | typeof longchat
  | typeof onnxExecutor
  | typeof tfjsExecutor
  | typeof tensorFlowExecutor
  | typeof autoExecutor

/**
 * Every plugin that comes with Skipwise: with {@link DefaultPlugins} the one list to edit when a package of plugins is
 * added.
 */
export const defaultRegistry: Registry<DefaultPlugins> = createRegistry().register(
  ...interpolationPlugins,
  ...positionalEncodingPlugins,
  ...positionTransformPlugins,
  llama,
  gptj,
  baichuan,
  tokenizerJson,
  sentencePiece,
  bytes,
  benchmarks,
  perplexity,
  passkey,
  ruler,
  longchat,
  onnxExecutor,
  tfjsExecutor,
  tensorFlowExecutor,
  autoExecutor
)
