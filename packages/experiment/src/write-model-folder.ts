import { writePeftAdapter } from '@skipwise/training'
import type { ProgressListener } from '@skipwise/core'
import { isHubReference, parseHubReference } from '@skipwise/hub'
import { join } from 'node:path'
import type { Experiment } from './resolve/experiment.js'
import { saveModel, bytesOfSize, type ModelToSave } from './save-model.js'
import { writeDigestList } from './digest-list.js'

/** Weights and adapters that {@link writeModelFolder} writes. */
export interface WeightsToWrite {
  /** By name, row-major, or a function that reads one. */
  readonly weights: ModelToSave['weights']
  /** With `lora`: adapters, and the parameters trained in full, by name, row-major. */
  readonly adapters?: ReadonlyMap<string, Float32Array> | undefined
}

/**
 * Writes configuration, weights and tokenizer of a Hugging Face model into `folder`, which is created again, adapters
 * into `folder/adapter`, and the digests of all that into `folder/SHA256SUMS`.
 */
export async function writeModelFolder(
  folder: string,
  { source, config, dtype, kind, window, recipe, options }: Experiment,
  { weights, adapters }: WeightsToWrite,
  progress?: ProgressListener
): Promise<void> {
  const digests = await saveModel(folder, {
    parameters: source.model.parameters,
    weights,
    config,
    dtype,
    configText: source.configText,
    companions: [source.tokenizerFolder, ...(source.folder === undefined ? [] : [source.folder])],
    tokenizer: source.tokenizer,
    progress,
    maxShardBytes: recipe.maxShardSize === undefined ? undefined : bytesOfSize(recipe.maxShardSize),
    window: kind === 'extend' ? window.target : undefined
  })
  if (options.lora && adapters) {
    const baseModel =
      typeof recipe.model !== 'string'
        ? null
        : isHubReference(recipe.model)
          ? parseHubReference(recipe.model).repo
          : recipe.model
    await writePeftAdapter(join(folder, 'adapter'), {
      parameters: source.model.parameters,
      tied: source.model.tied,
      lora: options.lora,
      tensors: adapters,
      baseModel
    })
  }
  await writeDigestList(folder, digests)
}
