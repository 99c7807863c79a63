import type { LanguageModel } from '@skipwise/core'
import { createLanguageModel } from '@skipwise/inference'
import type { Executor } from '@skipwise/runtime'
import { frequenciesOf, openModelFolder } from './model-source.js'
import type { Parts } from './parts.js'

/** How {@link loadLanguageModel} opens a model. */
export interface LoadLanguageModelOptions {
  /** Stands in results; default the folder as given. */
  readonly name?: string
  /** Runs the model; stays the caller's. */
  readonly executor: Executor
  /** Accept sequences of this length, also beyond the window of the model; default the window. */
  readonly lengthLimit?: number
}

/**
 * A language model from a Hugging Face folder, with the RoPE of its `config.json`. Weights go to the executor one by
 * one: beside those it holds one tensor is in memory.
 *
 * @throws SkipwiseError as {@link openModelFolder}
 */
export async function loadLanguageModel(
  folder: string,
  parts: Parts,
  { name = folder, executor, lengthLimit }: LoadLanguageModelOptions
): Promise<LanguageModel> {
  const { model, encoding, rope, tokenizer, withWeights } = await openModelFolder(folder, parts)
  return withWeights(read =>
    createLanguageModel({
      name,
      model,
      encoding,
      executor,
      tokenizer,
      frequencies: frequenciesOf(parts.registry.resolveUnknown('interpolation', rope), rope),
      weights: read,
      maxLength: model.geometry.maxPositionEmbeddings,
      ...(lengthLimit === undefined ? {} : { lengthLimit })
    })
  )
}
