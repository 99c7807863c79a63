import { nearestName, SkipwiseError } from '@skipwise/core'
import type { ModelDefinition, Parameters, ParameterSpec } from '@skipwise/nn'
import { tf } from '@skipwise/runtime'
import { loraAdapters, loraScale, type LoraAdapter, type LoraOptions } from './lora.js'

/**
 * Whether a name fits a pattern in which `*` stands for any characters, dots included, and everything else for itself.
 */
export function matchesPattern(pattern: string, name: string): boolean {
  const literal = pattern.split('*').map(part => part.replace(/[\\^$.|?+()[\]{}]/g, '\\$&'))
  return new RegExp(`^${literal.join('.*')}$`, 's').test(name)
}

/** What of a model is trained; see `TrainingOptions`. */
export interface TrainedChoice {
  readonly freeze?: readonly string[] | undefined
  readonly lora?: LoraOptions | undefined
}

/** Which tensors a run changes: only these have a gradient, optimizer state, and a place in a saved state. */
export interface TrainedParameters {
  /** Parameters of the model and of adapters that change, in a fixed order. */
  readonly trained: readonly ParameterSpec[]
  /** Parameters of the model that stay. */
  readonly frozen: readonly ParameterSpec[]
  readonly adapters: readonly LoraAdapter[]
  /** What the product of an adapter's matrices is multiplied by. */
  readonly adapterScale: number
}

/**
 * Sorts the parameters of a model by what `freeze` and `lora` say.
 *
 * @throws SkipwiseError `TRAINING_FREEZE`, `TRAINING_LORA`
 */
export function trainedParameters(
  { parameters }: Pick<ModelDefinition, 'parameters'>,
  { freeze = [], lora }: TrainedChoice
): TrainedParameters {
  if (lora) {
    if (freeze.length)
      throw freezeError(
        'lora already freezes the model',
        'remove freeze, or name what to train in full in lora.alsoTrain'
      )
    const { adapters, whole } = loraAdapters(parameters, lora)
    const trained = [...parameters.filter(({ name }) => whole.has(name)), ...adapters.flatMap(({ a, b }) => [a, b])]
    return {
      trained,
      frozen: parameters.filter(({ name }) => !whole.has(name)),
      adapters,
      adapterScale: loraScale(lora)
    }
  }
  const names = parameters.map(({ name }) => name)
  for (const pattern of freeze) {
    if (names.some(name => matchesPattern(pattern, name))) continue
    const nearest = nearestName(pattern, names)
    throw freezeError(
      `no parameter of the model matches '${pattern}'`,
      nearest
        ? `did you mean '${nearest}'? '*' matches any characters`
        : `use a name such as '${names[0]}', with '*' for any characters`
    )
  }
  const isFrozen = (name: string) => freeze.some(pattern => matchesPattern(pattern, name))
  const trained = parameters.filter(({ name }) => !isFrozen(name))
  if (!trained.length) throw freezeError('every parameter is frozen', 'leave at least one parameter to train')
  return { trained, frozen: parameters.filter(({ name }) => isFrozen(name)), adapters: [], adapterScale: 1 }
}

/** Every parameter that programs read, adapters included. */
export const allParameters = ({ frozen, trained }: TrainedParameters): Pick<ModelDefinition, 'parameters'> => ({
  parameters: [...frozen, ...trained]
})

/** Parameters as `linear` of @skipwise/nn takes them: the scale of adapters is in their B. */
export const scaleAdapters = (parameters: Parameters, { adapters, adapterScale }: TrainedParameters): Parameters => ({
  ...parameters,
  ...Object.fromEntries(
    adapters.flatMap(({ b: { name } }) => (name in parameters ? [[name, tf.mul(parameters[name], adapterScale)]] : []))
  )
})

const freezeError = (problem: string, fix: string) => new SkipwiseError('TRAINING_FREEZE', { problem, fix })
