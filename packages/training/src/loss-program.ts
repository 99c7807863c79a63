import {
  crossEntropy,
  forward,
  tableWidth,
  type Head,
  type ModelDefinition,
  type PositionalEncoding
} from '@skipwise/nn'
import { tf, trace, type Graph, type ValueSpec } from '@skipwise/runtime'
import { allParameters, scaleAdapters, trainedParameters, type TrainedParameters } from './trained-parameters.js'

/** Shape of the batches of a program. */
export interface BatchShape {
  /** B: examples at once (the micro-batch). */
  readonly batch: number
  /** T: tokens of an example. */
  readonly length: number
  /** Whether a row may hold several documents. */
  readonly packed?: boolean | undefined
}

/** What {@link traceLoss} builds. */
export interface LossProgramOptions extends BatchShape {
  readonly softmaxScale: number
  /** Also take `accumulated:<name>` inputs, and add them times the scalar `keep` to the gradients: 0 begins again. */
  readonly accumulate?: boolean
  /** What has a gradient; default every parameter of the model. */
  readonly trains?: TrainedParameters
}

/** Name of a parameter's gradient among the outputs. */
export const gradientName = (parameter: string): string => `gradient:${parameter}`
/** Name of a parameter's accumulated gradient among the inputs. */
export const accumulatedName = (parameter: string): string => `accumulated:${parameter}`
/**
 * Name of the scalar that accumulated gradients are multiplied with: one program serves the first micro-batch, 0, and
 * those after it, 1.
 */
export const KEEP = 'keep'

/**
 * The program of a loss and its gradients. Inputs: every parameter and adapter by name, `ids` and `labels` [B·T]
 * int32, `labelWeights` [B·T], `cos` and `sin` [B, T, R/2] (`tableWidth`), `positions` [B, T] for an encoding with
 * slopes, and `documents` [B, T] of packed rows. Outputs: `loss` = Σ labelWeights · (−log p(label)), and a gradient
 * per trained parameter.
 */
export function traceLoss(model: ModelDefinition, encoding: PositionalEncoding, options: LossProgramOptions): Graph {
  const { batch, softmaxScale, accumulate = false, trains = trainedParameters(model, {}) } = options
  const names = trains.trained.map(({ name }) => name)
  const specs: Record<string, ValueSpec> = {
    ...parameterSpecs(allParameters(trains)),
    ...batchSpecs(model, encoding, options)
  }
  if (accumulate) {
    specs[KEEP] = { shape: [], dtype: 'float32' }
    for (const { name, shape } of trains.trained) specs[accumulatedName(name)] = { shape, dtype: 'float32' }
  }

  return trace(
    `loss ${batch}×${options.length}`,
    inputs => {
      const loss = (...parameters: tf.Tensor[]) => {
        const head = forward(
          model,
          encoding,
          scaleAdapters({ ...inputs, ...Object.fromEntries(names.map((name, i) => [name, parameters[i]])) }, trains),
          {
            batch,
            softmaxScale,
            ids: inputs.ids as tf.Tensor1D,
            cos: inputs.cos as tf.Tensor3D,
            sin: inputs.sin as tf.Tensor3D,
            positions: inputs.positions as tf.Tensor2D,
            documents: inputs.documents as tf.Tensor2D | undefined
          }
        )
        return weightedLoss(head, inputs)
      }
      const { value, grads } = tf.valueAndGrads(loss)(names.map(name => inputs[name]))
      const outputs: Record<string, tf.Tensor> = { loss: value }
      names.forEach(
        (name, i) =>
          (outputs[gradientName(name)] = accumulate
            ? accumulateGradient(grads[i], inputs[accumulatedName(name)], inputs[KEEP])
            : grads[i])
      )
      return outputs
    },
    specs
  )
}

/** A gradient added to the one before it: gradient + keep · accumulated. */
export const accumulateGradient = (gradient: tf.Tensor, accumulated: tf.Tensor, keep: tf.Tensor): tf.Tensor =>
  tf.add(gradient, tf.mul(accumulated, keep))

/** Σ labelWeights · (−log p(label)), a scalar. */
export function weightedLoss(head: Head, { labels, labelWeights }: Readonly<Record<string, tf.Tensor>>): tf.Scalar {
  // no product of matrices: an executor may compute those in bfloat16
  return tf.sum(tf.mul(crossEntropy(head, labels as tf.Tensor1D), labelWeights))
}

/** Inputs of the parameters. */
export function parameterSpecs({ parameters }: Pick<ModelDefinition, 'parameters'>): Record<string, ValueSpec> {
  return Object.fromEntries(parameters.map(({ name, shape }) => [name, { shape, dtype: 'float32' as const }]))
}

/** Shapes and types of the inputs of a batch, by name: see {@link traceLoss}. */
export function batchSpecs(
  { geometry }: ModelDefinition,
  { slopes }: PositionalEncoding,
  { batch, length, packed }: BatchShape
): Record<string, ValueSpec> {
  const table: ValueSpec = { shape: [batch, length, tableWidth(geometry)], dtype: 'float32' }
  return {
    ids: { shape: [batch * length], dtype: 'int32' },
    labels: { shape: [batch * length], dtype: 'int32' },
    labelWeights: { shape: [batch * length], dtype: 'float32' },
    cos: table,
    sin: table,
    ...(slopes && { positions: { shape: [batch, length], dtype: 'float32' } }),
    ...(packed && { documents: { shape: [batch, length], dtype: 'float32' } })
  }
}
