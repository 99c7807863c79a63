import { readConfigFile, type ModelConfig } from '@skipwise/checkpoints'
import { isSkipwiseError, type ProgressListener, type Tokenizer } from '@skipwise/core'
import { defineModel, findTokenizer, type Collaborators, type DefinedModel } from '@skipwise/experiment'
import { isHubReference, locateModel, modelName } from '@skipwise/hub'
import { diagnoseRope, type Finding } from '@skipwise/interpolation'
import { dirname, resolve } from 'node:path'

/** What `init` sees of a model: everything but its weights. */
export interface SeenModel extends DefinedModel {
  /** As a recipe names it. */
  readonly reference: string
  readonly name: string
  readonly config: ModelConfig
  /** Undefined where the model has none that can be read; `missing` says why. */
  readonly tokenizer: Tokenizer | undefined
  readonly missing: string | undefined
  readonly parameters: number
  /** What `skipwise doctor` finds. */
  readonly findings: readonly Finding[]
}

/**
 * Reads `config.json` and the tokenizer of a folder, or of a model of the Hub, of which only these files are fetched.
 *
 * @throws SkipwiseError what finding and reading them throws, `MODEL_ARCHITECTURE` for a model that cannot be trained
 */
export async function lookAtModel(
  reference: string,
  parts: Collaborators,
  { baseFolder, progress, signal }: { baseFolder: string; progress: ProgressListener; signal: AbortSignal }
): Promise<SeenModel> {
  const locating = { baseFolder, progress, signal }
  const folder = await locateModel(reference, { ...locating, part: 'config' })
  const { path, text, config } = await readConfigFile(resolve(baseFolder, folder))
  const name = modelName(dirname(path))
  const defined = defineModel(config, parts, name)
  const found = await findTokenizerOf(reference, parts, dirname(path), locating)
  const parameters = defined.model.parameters.reduce(
    (sum, { shape }) => sum + shape.reduce((product, size) => product * size, 1),
    0
  )
  return {
    reference,
    name,
    config,
    ...defined,
    ...found,
    parameters,
    findings: diagnoseRope(config, { modelName: name, text }).findings
  }
}

async function findTokenizerOf(
  reference: string,
  { registry }: Collaborators,
  folder: string,
  locating: Parameters<typeof locateModel>[1]
): Promise<Pick<SeenModel, 'tokenizer' | 'missing'>> {
  try {
    const at = isHubReference(reference) ? await locateModel(reference, { ...locating, part: 'tokenizer' }) : folder
    return { tokenizer: await findTokenizer(registry, at), missing: undefined }
  } catch (error) {
    // a folder may get its tokenizer later; a run refuses it with the same words
    if (!isSkipwiseError(error) || error.code !== 'MODEL_TOKENIZER') throw error
    return { tokenizer: undefined, missing: error.problem }
  }
}
