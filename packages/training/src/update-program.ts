import type { ModelDefinition } from '@skipwise/nn'
import { adamWHyper, clippedAdamW, trace, type Graph, type ValueSpec } from '@skipwise/runtime'

/** Name of a parameter's running mean of gradients among inputs and outputs of the update program. */
export const meanName = (parameter: string): string => `mean:${parameter}`
/** Name of a parameter's running mean of squared gradients among inputs and outputs of the update program. */
export const varianceName = (parameter: string): string => `variance:${parameter}`

/**
 * The program of one AdamW step. Inputs: parameters, `gradient:`, `mean:` and `variance:` of each, `hyper` [8].
 * Outputs: the new state under the same names, and `gradientNorm`.
 *
 * @param model the parameters that are trained
 * @param weightDecay decay of a parameter, by name
 */
export function traceUpdate(
  model: Pick<ModelDefinition, 'parameters'>,
  gradientName: (parameter: string) => string,
  weightDecay: (parameter: string) => number
): Graph {
  const names = model.parameters.map(parameter => parameter.name)
  const specs: Record<string, ValueSpec> = { hyper: { shape: [adamWHyper.length], dtype: 'float32' } }
  for (const { name, shape } of model.parameters) {
    for (const key of [name, gradientName(name), meanName(name), varianceName(name)])
      specs[key] = { shape, dtype: 'float32' }
  }
  return trace(
    'update',
    inputs => {
      const of = (key: (name: string) => string) => names.map(name => inputs[key(name)])
      const next = clippedAdamW(
        { parameters: of(name => name), means: of(meanName), variances: of(varianceName) },
        of(gradientName),
        inputs.hyper as never,
        {
          weightDecay: names.map(weightDecay)
        }
      )
      return {
        ...Object.fromEntries(names.map((name, i) => [name, next.parameters[i]])),
        ...Object.fromEntries(names.map((name, i) => [meanName(name), next.means[i]])),
        ...Object.fromEntries(names.map((name, i) => [varianceName(name), next.variances[i]])),
        gradientNorm: next.gradientNorm
      }
    },
    specs
  )
}
