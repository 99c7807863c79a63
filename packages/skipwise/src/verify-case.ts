import {
  openCheckpoint,
  openSafetensors,
  readFolderJson,
  readModelConfig,
  type TensorSource
} from '@skipwise/checkpoints'
import { validate } from '@skipwise/core'
import { defineModel, type Collaborators } from '@skipwise/experiment'
import { forward, logits, positionTables } from '@skipwise/nn'
import { trace, type Executor, type tf, type HostData, type Values } from '@skipwise/runtime'
import { batchSpecs, gradientName, parameterSpecs, traceLoss } from '@skipwise/training'
import { basename, join, resolve } from 'node:path'
import { z } from 'zod'
import { usageError } from './errors.js'

/** The largest differences with which a case passes. */
export const verifyTolerances = { maxAbsLogitError: 1e-4, lossError: 1e-5, maxRelativeGradientError: 1e-4 } as const

/** How a model of ours compares with the reference outputs of a case. */
export interface VerifyResult {
  readonly case: string
  readonly executor: string
  /** max |logit − reference| */
  readonly maxAbsLogitError: number
  /** |loss − reference|, nats a label */
  readonly lossError: number
  /** Over the gradients of the case: max |gradient − reference| / max |reference|. */
  readonly maxRelativeGradientError: number
  readonly passed: boolean
}

const caseSchema = z.looseObject({ batch: z.int().min(1), length: z.int().min(2), note: z.string().catch('') })

const GRADIENT_PREFIX = 'grad.'

/**
 * Runs a case folder, a Hugging Face model with `case.json` and `expected.safetensors` (input_ids, position_ids,
 * logits, loss and `grad.<parameter>` of the mean next-token loss), and compares.
 */
export async function verifyCase(folder: string, executor: Executor, parts: Collaborators): Promise<VerifyResult> {
  const config = await readModelConfig(folder)
  const { batch, length, note } = validate(caseSchema, await readCase(folder), 'VERIFY_CASE', join(folder, 'case.json'))
  const { model, encoding, rope } = defineModel(config, parts, `${basename(resolve(folder))} ${note}`)
  const checkpoint = await openCheckpoint(folder)
  const expected = await openSafetensors(join(folder, 'expected.safetensors'))
  try {
    const ids = await expected.readIntegers('input_ids')
    const positionIds = await expected.readIntegers('position_ids')
    // transformers takes the highest position for the length that dynamic schemes depend on
    const frequencies = parts.registry
      .resolveUnknown('interpolation', rope)
      .frequencies({ ...rope.geometry, length: 1 + positionIds.reduce((a, b) => Math.max(a, b), 0) })
    // the authors of ALiBi models count by index whatever the position ids say
    const positions = encoding.slopes ? positionIds.map((_, t) => t % length) : positionIds
    const tables = positionTables(encoding, model.geometry, positions, frequencies)
    const shape = { batch, length }
    const labels = new Int32Array(batch * length)
    const labelWeights = new Float32Array(batch * length)
    for (let row = 0; row < batch; row++) {
      for (let t = row * length; t + 1 < (row + 1) * length; t++) {
        labels[t] = ids[t + 1]
        labelWeights[t] = 1 / (batch * (length - 1))
      }
    }
    const specs = { ...parameterSpecs(model), ...batchSpecs(model, encoding, shape) }
    const lossGraph = traceLoss(model, encoding, { ...shape, softmaxScale: frequencies.softmaxScale })
    const { labels: _, labelWeights: __, ...logitSpecs } = specs
    const logitGraph = trace(
      'logits',
      inputs => {
        const head = forward(model, encoding, inputs, {
          batch,
          softmaxScale: frequencies.softmaxScale,
          ids: inputs.ids as tf.Tensor1D,
          cos: inputs.cos as tf.Tensor3D,
          sin: inputs.sin as tf.Tensor3D,
          positions: inputs.positions as tf.Tensor2D
        })
        return { logits: logits(head) }
      },
      logitSpecs
    )
    const data: Record<string, HostData> = { ids, labels, labelWeights, ...tables }
    for (const { name } of model.parameters) data[name] = await checkpoint.read(name)
    const values = Object.fromEntries(
      Object.entries(data).map(([name, numbers]) => [name, executor.upload(specs[name], numbers)])
    )
    const { labels: _labels, labelWeights: _weights, ...logitInputs } = values
    const logitError = largest(
      await executor.read((await (await executor.compile(logitGraph)).run(logitInputs)).logits),
      await expected.readFloat64('logits')
    )
    const outputs = await (await executor.compile(lossGraph)).run(values)
    const loss = await executor.read(outputs.loss)
    const result = {
      maxAbsLogitError: logitError,
      lossError: largest(loss, await expected.readFloat64('loss')),
      maxRelativeGradientError: await gradientError(outputs, expected, executor)
    }
    const passed =
      result.maxAbsLogitError <= verifyTolerances.maxAbsLogitError &&
      result.lossError <= verifyTolerances.lossError &&
      result.maxRelativeGradientError <= verifyTolerances.maxRelativeGradientError
    for (const value of Object.values(values)) value.dispose()
    return { case: basename(folder), executor: executor.name, ...result, passed }
  } finally {
    await checkpoint.close()
    await expected.close()
  }
}

async function gradientError(outputs: Values, expected: TensorSource, executor: Executor): Promise<number> {
  let worst = 0
  for (const name of expected.names.filter(name => name.startsWith(GRADIENT_PREFIX))) {
    const reference = await expected.readFloat64(name)
    const output = outputs[gradientName(name.slice(GRADIENT_PREFIX.length))]
    if (!output) return Infinity
    let size = 0
    for (const value of reference) size = Math.max(size, Math.abs(value))
    const difference = largest(await executor.read(output), reference)
    worst = Math.max(worst, difference === 0 ? 0 : difference / size)
  }
  return worst
}

/** max |a − b|; NaN or another length is as wrong as can be. */
function largest(a: ArrayLike<number>, b: ArrayLike<number>): number {
  if (a.length !== b.length) return Infinity
  let worst = 0
  for (let i = 0; i < a.length; i++) {
    const difference = Math.abs(a[i] - b[i])
    if (!(difference <= worst)) worst = Number.isNaN(difference) ? Infinity : difference
  }
  return worst
}

async function readCase(folder: string): Promise<unknown> {
  const found = await readFolderJson(folder, 'case.json', 'VERIFY_CASE')
  if (found !== undefined) return found
  throw usageError(
    'VERIFY_CASE',
    `${folder} has no case.json`,
    'pass a folder with config.json, weights, case.json and expected.safetensors'
  )
}
