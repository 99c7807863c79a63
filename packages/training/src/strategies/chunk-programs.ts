import {
  positionEncoder,
  attentionScale,
  runBlocks,
  type BlockContext,
  type Head,
  type ModelDefinition,
  type PositionalEncoding
} from '@skipwise/nn'
import { cacheWrite, chunkAttention, embedding, tf, trace, type Graph, type ValueSpec } from '@skipwise/runtime'
import {
  accumulatedName,
  accumulateGradient,
  batchSpecs,
  gradientName,
  KEEP,
  parameterSpecs,
  weightedLoss
} from '../loss-program.js'
import { allParameters, scaleAdapters, type TrainedParameters } from '../trained-parameters.js'

type Tensors = Readonly<Record<string, tf.Tensor>>

/** What programs of a chunk are traced for. */
interface ChunkShape {
  /** B */
  readonly batch: number
  /** T: tokens of a chunk. */
  readonly length: number
  /** S: tokens before the last chunk. */
  readonly slots: number
  readonly packed: boolean
  readonly softmaxScale: number
  readonly trains: TrainedParameters
}

/** What the two programs of a chunk are of. */
export interface ChunkModel {
  readonly model: ModelDefinition
  readonly encoding: PositionalEncoding
  readonly shape: ChunkShape
}

/** Names of a layer's keys and values among the inputs, and of the gradients that later chunks left for them. */
const layerNames = (layer: number) => ({
  keys: `keys${layer}`,
  values: `values${layer}`,
  keyGradient: `keyGradient${layer}`,
  valueGradient: `valueGradient${layer}`
})

/** Names of all keys and values. */
export const cacheNames = ({ model }: ChunkModel): string[] =>
  Array.from({ length: model.geometry.layers }, (_, layer) => [layerNames(layer).keys, layerNames(layer).values]).flat()
/** Names of the gradients of all keys and values, in the order of {@link cacheNames}. */
export const cacheGradientNames = ({ model }: ChunkModel): string[] =>
  Array.from({ length: model.geometry.layers }, (_, layer) => [
    layerNames(layer).keyGradient,
    layerNames(layer).valueGradient
  ]).flat()

/** Shape of a layer's keys, values, and gradients of these, [B, K, S, D]. */
export const cacheSpec = ({ model: { geometry }, shape: { batch, slots } }: ChunkModel): ValueSpec => ({
  shape: [batch, geometry.keyValueHeads, slots, geometry.headDim],
  dtype: 'float32'
})

const float: ValueSpec = { shape: [], dtype: 'float32' }

/**
 * Inputs of both programs: parameters, `batchSpecs` of the chunk, `pastLength`, the keys and values before it, and
 * numbers of these tokens.
 */
export function chunkSpecs(of: ChunkModel): Record<string, ValueSpec> {
  const {
    model,
    encoding,
    shape: { batch, length, slots, packed }
  } = of
  const past: ValueSpec = { shape: [batch, slots], dtype: 'float32' }
  return {
    ...batchSpecs(model, encoding, { batch, length, packed }),
    pastLength: { shape: [], dtype: 'int32' },
    ...(encoding.slopes && { pastPositions: past }),
    ...(packed && { pastDocuments: past }),
    ...Object.fromEntries(cacheNames(of).map(name => [name, cacheSpec(of)]))
  }
}

/**
 * Additional inputs of the backward program: gradients of keys and values so far, and where those of the chunk are in
 * them.
 */
export const backwardSpecs = (of: ChunkModel): Record<string, ValueSpec> => ({
  ...Object.fromEntries(cacheGradientNames(of).map(name => [name, cacheSpec(of)])),
  ownSlots: { shape: [of.shape.batch * of.model.geometry.keyValueHeads * of.shape.length], dtype: 'int32' },
  ownScale: float,
  keepCaches: float,
  [KEEP]: float
})

/** The keys and values of a chunk, before attention reads them. */
type Seen = (layer: number, key: tf.Tensor4D, value: tf.Tensor4D) => readonly [tf.Tensor4D, tf.Tensor4D]

/** Hidden states of a chunk after the final norm, and the output layer. */
function chunkHead({ model, encoding, shape }: ChunkModel, inputs: Tensors, seen: Seen): Head {
  const { batch, length, softmaxScale, trains } = shape
  const scale = attentionScale(model.geometry, softmaxScale)
  const slopes = encoding.slopes?.(model.geometry.heads)
  const numbers = (own: string, past: string) => ({
    own: inputs[own] as tf.Tensor2D,
    past: inputs[past] as tf.Tensor2D
  })
  const context: BlockContext = {
    batch,
    length,
    encode: positionEncoder(encoding, model.geometry, inputs.cos as tf.Tensor3D, inputs.sin as tf.Tensor3D),
    attend(layer, query, ownKey, ownValue, slidingWindow) {
      const [key, value] = seen(layer, ownKey, ownValue)
      const names = layerNames(layer)
      const past = {
        pastKeys: inputs[names.keys] as tf.Tensor4D,
        pastValues: inputs[names.values] as tf.Tensor4D,
        pastLength: inputs.pastLength as tf.Scalar
      }
      return chunkAttention({ query, key, value, ...past }, scale, {
        slidingWindow,
        softCap: model.geometry.scoreSoftCap,
        bias: slopes && { slopes, positions: numbers('positions', 'pastPositions') },
        documents: shape.packed ? numbers('documents', 'pastDocuments') : undefined
      })
    }
  }
  const parameters = scaleAdapters(inputs, trains)
  return model.head(parameters, runBlocks(model, parameters, inputs.ids as tf.Tensor1D, context))
}

/**
 * Keys and values with those of a chunk written after the past, under their own names; with `loss`, also the chunk's
 * share of the loss.
 */
export function traceChunkForward(of: ChunkModel, { loss }: { readonly loss: boolean }): Graph {
  return trace(
    'chunk forward',
    inputs => {
      const outputs: Record<string, tf.Tensor> = {}
      const head = chunkHead(of, inputs, (layer, key, value) => {
        const { keys, values } = layerNames(layer)
        const past = inputs.pastLength as tf.Scalar
        outputs[keys] = cacheWrite(inputs[keys] as tf.Tensor4D, key, past)
        outputs[values] = cacheWrite(inputs[values] as tf.Tensor4D, value, past)
        return [key, value]
      })
      return loss ? { ...outputs, loss: weightedLoss(head, inputs) } : outputs
    },
    { ...parameterSpecs(allParameters(of.shape.trains)), ...chunkSpecs(of) }
  )
}

/**
 * The chunk once more, and its gradients. Into the chunk's own keys and values flows what later chunks left for them,
 * times `ownScale`: the rows at `ownSlots` of the gradients so far, seen as [B·K·S, D]. Outputs: `loss`, the gradient
 * of every trained parameter with `keep` times the one so far, and those of the keys and values before the chunk with
 * `keepCaches` times the ones so far. A chunk's own slots are left as they are, so that it does not matter when they
 * are read.
 */
export function traceChunkBackward(of: ChunkModel): Graph {
  const { trains } = of.shape
  const names = trains.trained.map(({ name }) => name)
  const caches = cacheNames(of)
  const gradients = cacheGradientNames(of)
  const specs = { ...parameterSpecs(allParameters(trains)), ...chunkSpecs(of), ...backwardSpecs(of) }
  for (const { name, shape } of trains.trained) specs[accumulatedName(name)] = { shape, dtype: 'float32' }
  return trace(
    'chunk backward',
    inputs => {
      const own = (name: string, like: tf.Tensor4D) => {
        const [B, K, S, D] = inputs[name].shape as [number, number, number, number]
        const T = like.shape[1]
        const rows = tf.mul(
          embedding(tf.reshape(inputs[name], [B * K * S, D]) as tf.Tensor2D, inputs.ownSlots as tf.Tensor1D),
          inputs.ownScale
        )
        return withGradient(like, tf.transpose(tf.reshape(rows, [B, K, T, D]), [0, 2, 1, 3]) as tf.Tensor4D)
      }
      const variables = [...names, ...caches]
      const { value, grads } = tf.valueAndGrads((...values: tf.Tensor[]) => {
        const head = chunkHead(
          of,
          { ...inputs, ...Object.fromEntries(variables.map((name, i) => [name, values[i]])) },
          (layer, key, value) => {
            const { keyGradient, valueGradient } = layerNames(layer)
            return [own(keyGradient, key), own(valueGradient, value)]
          }
        )
        return weightedLoss(head, inputs)
      })(variables.map(name => inputs[name]))
      const outputs: Record<string, tf.Tensor> = { loss: value }
      names.forEach(
        (name, i) =>
          (outputs[gradientName(name)] = accumulateGradient(grads[i], inputs[accumulatedName(name)], inputs[KEEP]))
      )
      gradients.forEach(
        (name, i) => (outputs[name] = accumulateGradient(grads[names.length + i], inputs[name], inputs.keepCaches))
      )
      return outputs
    },
    specs
  )
}

/** `x`, into which more gradient flows than from what reads it. */
const withGradient = (x: tf.Tensor4D, more: tf.Tensor4D): tf.Tensor4D =>
  tf.customGrad((tensor: tf.Tensor | tf.GradSaveFunc) => ({
    value: tf.clone(tensor as tf.Tensor4D),
    gradFunc: (dy: tf.Tensor) => tf.add(dy, more)
  }))(x) as tf.Tensor4D
