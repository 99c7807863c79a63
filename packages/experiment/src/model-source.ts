import { applyRope, openCheckpoint, readModelConfig, type Checkpoint, type ModelConfig, type WritableDtype } from '@skipwise/checkpoints'
import { SkipwiseError, type HuggingFaceRope, type Interpolation, type RopeFrequencies, type Tokenizer } from '@skipwise/core'
import type { ModelDefinition } from '@skipwise/nn'
import { initializeWeights } from '@skipwise/training'
import { stat } from 'node:fs/promises'
import { locateModel, type LocateOptions } from './hub/locate-model.js'
import { modelName } from './hub/reference.js'
import { defineModel, findTokenizer, type DefinedModel, type Parts, type RopeReading } from './parts.js'
import type { Recipe } from './recipe-schema.js'
import { checkCompanions } from './save-model.js'

/** A model to start from: everything but its weights is read. */
export interface ModelSource extends DefinedModel {
  /** Absolute folder of the model, undefined for random weights. */
  readonly folder: string | undefined
  readonly config: ModelConfig
  readonly tokenizer: Tokenizer
  readonly tokenizerFolder: string
  /** Data type of the weights as they are kept. */
  readonly dtype: WritableDtype
  /** Every parameter by name, row-major float32. Also finds a file that is cut off. */
  weights(): Promise<Map<string, Float32Array>>
}

const DTYPES: Readonly<Record<string, WritableDtype>> = { F32: 'float32', BF16: 'bfloat16', F16: 'float16' }

/**
 * Opens a Hugging Face model folder.
 *
 * @throws SkipwiseError `MODEL_NOT_FOUND`, `MODEL_ARCHITECTURE`, `MODEL_TOKENIZER`, `MODEL_WEIGHT_SHAPE`, and what reading its files throws
 */
export async function openModelFolder(folder: string, parts: Parts): Promise<ModelSource> {
  if (!(await stat(folder).then(found => found.isDirectory(), () => false))) {
    throw new SkipwiseError('MODEL_NOT_FOUND', { problem: `there is no folder ${folder}`, fix: 'name the folder of a Hugging Face model' })
  }
  const config = await readModelConfig(folder), defined = defineModel(config, parts, modelName(folder)), { model } = defined
  const withCheckpoint = async <Result>(use: (checkpoint: Checkpoint) => Result | Promise<Result>) => {
    const checkpoint = await openCheckpoint(folder)
    try {
      return await use(checkpoint)
    } finally {
      await checkpoint.close()
    }
  }
  const dtype = await withCheckpoint(checkpoint => {
    checkShapes(checkpoint, model)
    return DTYPES[checkpoint.info(model.parameters[0].name).dtype] ?? 'float32'
  })
  const tokenizer = await findTokenizer(parts.registry, folder)
  await checkCompanions(folder)
  const weights = () => withCheckpoint(async checkpoint => {
    const tensors = new Map<string, Float32Array>()
    for (const { name } of model.parameters) tensors.set(name, await checkpoint.read(name))
    return tensors
  })
  return { folder, config, ...defined, tokenizer, tokenizerFolder: folder, dtype, weights }
}

function checkShapes(checkpoint: Checkpoint, model: ModelDefinition): void {
  for (const { name, shape } of model.parameters) {
    const found = checkpoint.info(name).shape
    if (found.length === shape.length && found.every((size, i) => size === shape[i])) continue
    throw new SkipwiseError('MODEL_WEIGHT_SHAPE', {
      problem: `${checkpoint.folder}: '${name}' is [${found.join(', ')}], config.json makes it [${shape.join(', ')}]`,
      fix: 'config.json and the weights are of different models: get them again together'
    })
  }
}

type NewModel = Exclude<Recipe['model'], string>

/** A model with random weights, as a recipe describes it. `vocab_size` and `model_type` come from the tokenizer and the architecture where they are not given. */
export async function newModel(recipe: NewModel, seed: number, parts: Parts, locating: LocateOptions): Promise<ModelSource> {
  const { registry } = parts, architecture = registry.resolveUnknown('architecture', { name: recipe.architecture })
  const tokenizerFolder = await locateModel(recipe.tokenizer, { ...locating, part: 'tokenizer' }), tokenizer = await findTokenizer(registry, tokenizerFolder)
  await checkCompanions(tokenizerFolder)
  const config = { model_type: architecture.modelTypes[0], vocab_size: tokenizer.vocabSize, ...recipe.config }
  const defined = defineModel(config, parts, undefined, architecture)
  const { standardDeviation, seed: ownSeed = seed } = recipe.initialize
  return {
    folder: undefined, config, ...defined, tokenizer, tokenizerFolder, dtype: 'float32',
    weights: async () => initializeWeights(defined.model, { seed: ownSeed, ...(standardDeviation === undefined ? {} : { standardDeviation }) })
  }
}

/** `config.json` of a model with another RoPE: its keys, the window under the architecture's own names, and what the model was defined from. */
export function extendedConfig({ config, model }: Pick<ModelSource, 'config' | 'model'>, rope: HuggingFaceRope): ModelConfig {
  const { configKeys, windowKeys, geometry } = model, own = { ...config, ...configKeys }
  // RoPE keys in the file of a model without RoPE mean nothing and stay
  return geometry.rotaryDim > 0 ? applyRope(own, rope, windowKeys) : { ...own, ...Object.fromEntries(windowKeys.map(key => [key, rope.max_position_embeddings])) }
}

/** Frequencies by the length of a sequence; schemes that do not depend on it ignore it. */
export const frequenciesOf = (interpolation: Interpolation, { geometry }: Pick<RopeReading, 'geometry'>) =>
  (length: number): RopeFrequencies => interpolation.frequencies({ ...geometry, length })
