import { baichuan } from '@skipwise/arch-baichuan'
import { gptj } from '@skipwise/arch-gptj'
import { gptneox } from '@skipwise/arch-gptneox'
import { llama } from '@skipwise/arch-llama'
import { phi } from '@skipwise/arch-phi'
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

/** Every plugin that comes with Skipwise: the one list to edit when a package of plugins is added. */
const defaultPlugins = [
  ...interpolationPlugins,
  ...positionalEncodingPlugins,
  ...positionTransformPlugins,
  llama,
  gptj,
  gptneox,
  phi,
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
] as const

/** The plugins that come with Skipwise. */
export type DefaultPlugins = (typeof defaultPlugins)[number]

/** A registry of the plugins that come with Skipwise. */
export const defaultRegistry: Registry<DefaultPlugins> = createRegistry().register(...defaultPlugins)
