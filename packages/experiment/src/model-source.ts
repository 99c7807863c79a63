import {
  applyRope,
  openCheckpoint,
  readConfigFile,
  type Checkpoint,
  type ModelConfig,
  type WritableDtype
} from '@skipwise/checkpoints'
import {
  SkipwiseError,
  type HuggingFaceRope,
  type ProgressListener,
  type Interpolation,
  type RopeFrequencies,
  type Tokenizer
} from '@skipwise/core'
import { locateModel, modelName, type LocateOptions } from '@skipwise/hub'
import { initializeWeights } from '@skipwise/training'
import type { ModelDefinition } from '@skipwise/nn'
import { bytesOf as bytesOfSpec, storedSpecs, type Weight } from '@skipwise/runtime'
import { stat } from 'node:fs/promises'
import { totalmem } from 'node:os'
import { readWeights } from './digest.js'
import { checkLayers, hasOwnHead, modelWeights, refuseQuantized } from './model-weights.js'
import {
  defineModel,
  findArchitecture,
  findTokenizer,
  type DefinedModel,
  type Collaborators,
  type RopeReading
} from './parts.js'
import type { Recipe } from './recipe-schema.js'
import { checkCompanions } from './save-model.js'
import { StorageError, storageOf, stored, type StorageOf, type WeightType } from './weight-types.js'

/** What is known of a model by its `config.json` alone. */
export interface ModelFacts extends DefinedModel {
  /** Folder of the model, undefined for random weights. */
  readonly folder: string | undefined
  readonly config: ModelConfig
  /** Undefined where nobody has looked. */
  readonly tokenizer?: Pick<Tokenizer, 'vocabSize'> | undefined
  /** Data type of the weights as they are kept. */
  readonly dtype: WritableDtype
}

/** A model to start from: everything but its weights is read. */
export interface ModelSource extends ModelFacts {
  /** Absolute folder of the model, undefined for random weights. */
  readonly folder: string | undefined
  /** `config.json` as it is written, undefined for a new model. */
  readonly configText?: string | undefined
  readonly tokenizer: Tokenizer
  readonly tokenizerFolder: string
  /** Every parameter by name, row-major float32. Also finds a file that is cut off. */
  weights(progress?: ProgressListener): Promise<Map<string, Float32Array>>
  /**
   * Every parameter by name, row-major, matrices also at rest.
   *
   * @param as which of them lie at rest; `error` notes what that does to their numbers
   */
  weights(
    progress: ProgressListener | undefined,
    as: { readonly of: StorageOf; readonly error: StorageError }
  ): Promise<Map<string, Weight>>
  /**
   * Calls `use` with a function that reads one parameter, row-major float32 of its shape or at rest as `type` says, and
   * closes the files after it.
   */
  withWeights<Result>(
    use: (read: (name: string) => Promise<Weight>) => Promise<Result>,
    type?: WeightType,
    error?: StorageError
  ): Promise<Result>
}

/**
 * Opens a Hugging Face model folder. What cannot be read rightly is refused before any tensor is read: quantized
 * weights, sizes of config.json that are not those of the weights, files that may not be copied. A head that is stored
 * next to the embedding that config.json ties it to, and that differs from it, is the model's head, as in transformers
 * 5: `config` then says that they are not tied.
 *
 * @throws SkipwiseError `MODEL_NOT_FOUND`, `MODEL_ARCHITECTURE`, `MODEL_TOKENIZER`, `MODEL_WEIGHT_SHAPE`,
 * `MODEL_QUANTIZED`, `FILE_REFUSED`, and what reading its files throws
 */
export async function openModelFolder(folder: string, parts: Collaborators): Promise<ModelSource> {
  if (
    !(await stat(folder).then(
      found => found.isDirectory(),
      () => false
    ))
  ) {
    throw new SkipwiseError('MODEL_NOT_FOUND', {
      problem: `there is no folder ${folder}`,
      fix: 'pass the folder of a Hugging Face model'
    })
  }
  const { config: stored, text: configText } = await readConfigFile(folder)
  refuseQuantized(folder, stored)
  const architecture = findArchitecture(parts.registry, stored)
  const define = (config: ModelConfig) => ({ config, ...defineModel(config, parts, modelName(folder), architecture) })
  const withCheckpoint = async <Result>(use: (checkpoint: Checkpoint) => Result | Promise<Result>) => {
    const checkpoint = await openCheckpoint(folder)
    try {
      return await use(checkpoint)
    } finally {
      await checkpoint.close()
    }
  }
  const { dtype, ...opened } = await withCheckpoint(async checkpoint => {
    checkLayers(checkpoint, stored)
    const asStored = define(stored)
    const isUntied = await hasOwnHead(checkpoint, asStored.model)
    const defined = isUntied ? define({ ...stored, tie_word_embeddings: false }) : asStored
    return { ...defined, dtype: modelWeights(checkpoint, defined.model).dtype }
  })
  const tokenizer = await findTokenizer(parts.registry, folder)
  await checkCompanions(folder)
  const withWeights = <Result>(
    use: (read: (name: string) => Promise<Weight>) => Promise<Result>,
    type: WeightType = 'float32',
    error = new StorageError()
  ) =>
    withCheckpoint(checkpoint => {
      const { readAs } = modelWeights(checkpoint, opened.model)
      return use(name => readAs(name, storageOf(type), error))
    })
  const weights = ((progress, { of, error } = IN_FLOAT32) =>
    withCheckpoint(checkpoint => {
      const { readAs } = modelWeights(checkpoint, opened.model)
      const names = opened.model.parameters.map(({ name }) => name)
      return readWeights(names, bytesOf(opened.model, of), name => readAs(name, of, error), progress)
    })) as ModelSource['weights']
  return { folder, configText, ...opened, tokenizer, tokenizerFolder: folder, dtype, weights, withWeights }
}

type NewModel = Exclude<Recipe['model'], string>

/**
 * A model with random weights, as a recipe describes it. `vocab_size` and `model_type` come from the tokenizer and the
 * architecture where they are not given.
 */
export async function newModel(
  recipe: NewModel,
  seed: number,
  parts: Collaborators,
  locating: LocateOptions
): Promise<ModelSource> {
  const { registry } = parts
  const architecture = registry.resolveUnknown('architecture', { name: recipe.architecture })
  const tokenizerFolder = await locateModel(recipe.tokenizer, { ...locating, part: 'tokenizer' })
  const tokenizer = await findTokenizer(registry, tokenizerFolder)
  await checkCompanions(tokenizerFolder)
  const config = { model_type: architecture.modelTypes[0], vocab_size: tokenizer.vocabSize, ...recipe.config }
  const defined = defineModel(config, parts, undefined, architecture)
  checkSize(defined.model)
  const { standardDeviation, seed: ownSeed = seed } = recipe.initialize
  const initial = () => initializeWeights(defined.model, { seed: ownSeed, standardDeviation })
  const weights = (async (_, { of, error } = IN_FLOAT32) => {
    const shapes = new Map(defined.model.parameters.map(({ name, shape }) => [name, shape]))
    const atRest = (name: string, data: Float32Array) =>
      stored(data, { name, shape: shapes.get(name) as readonly number[] }, of, error)
    return new Map([...initial()].map(([name, data]) => [name, atRest(name, data)]))
  }) as ModelSource['weights']
  return {
    folder: undefined,
    config,
    ...defined,
    tokenizer,
    tokenizerFolder,
    dtype: 'float32',
    weights,
    async withWeights(use) {
      const tensors = initial()
      return use(async name => tensors.get(name) ?? missingParameter(name))
    }
  }
}

const IN_FLOAT32 = { of: storageOf('float32'), error: new StorageError() }

/** Bytes of all parameters. */
const bytesOf = ({ parameters }: ModelDefinition, of = IN_FLOAT32.of): number =>
  parameters.reduce((sum, parameter) => {
    const storage = of(parameter)
    const { codes, scales } =
      storage === 'float32' ? { codes: { ...parameter, dtype: storage } } : storedSpecs(storage, parameter.shape)
    return sum + bytesOfSpec(codes) + (scales ? bytesOfSpec(scales) : 0)
  }, 0)

/** Random weights are made before the plan of memory: those that cannot be are said here. */
function checkSize(model: ModelDefinition): void {
  const bytes = bytesOf(model)
  if (bytes <= totalmem()) return
  throw new SkipwiseError('MODEL_TOO_LARGE', {
    problem: `the model has ${bytes / 4} parameters, ${(bytes / 1e9).toPrecision(3)} GB in float32, and the machine has ${(totalmem() / 1e9).toPrecision(3)} GB`,
    fix: 'use smaller sizes in model.config'
  })
}

function missingParameter(name: string): never {
  throw new RangeError(`the model has no parameter '${name}'`)
}

/**
 * `config.json` of a model with another RoPE: its keys, the window under the architecture's own names, and what the
 * model was defined from.
 */
export function extendedConfig(
  { config, model }: Pick<ModelSource, 'config' | 'model'>,
  rope: HuggingFaceRope
): ModelConfig {
  const { configKeys, windowKeys, geometry } = model
  const own = { ...config, ...configKeys }
  // RoPE keys in the file of a model without RoPE mean nothing and stay
  return geometry.rotaryDim > 0
    ? applyRope(own, rope, windowKeys)
    : { ...own, ...Object.fromEntries(windowKeys.map(key => [key, rope.max_position_embeddings])) }
}

/** Frequencies by the length of a sequence; schemes that do not depend on it ignore it. */
export const frequenciesOf =
  (interpolation: Pick<Interpolation, 'frequencies'>, { geometry }: Pick<RopeReading, 'geometry'>) =>
  (length: number): RopeFrequencies =>
    interpolation.frequencies({ ...geometry, length })
