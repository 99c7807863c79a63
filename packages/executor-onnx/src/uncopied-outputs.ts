import type { InferenceSession, Tensor } from 'onnxruntime-node'
import type { OnnxNode, OnnxSequence } from './onnx-model.js'

/**
 * A first output that ends the conversion of results.
 *
 * onnxruntime-node (1.30, `InferenceSessionWrap::Run`) lets the engine write each output into the memory that was
 * passed for it, and then copies each again into a new ArrayBuffer, which nobody reads here: as much garbage a step as
 * the model has gradients, or as a cache has keys and values. It converts outputs in order and gives up at one that is
 * not a tensor, when all are computed. A version that converts sequences, too, would return as ever: slower, with the
 * same numbers.
 */
export const conversionEnd: { readonly node: OnnxNode; readonly output: OnnxSequence } = {
  node: { op: 'SequenceEmpty', inputs: [], outputs: ['conversion_end'], attributes: { dtype: { int: 1 } } },
  output: { name: 'conversion_end', sequenceOf: 'float32' }
}

const REFUSAL = 'Non tensor type is temporarily not supported.'

/** Runs a session whose model has the {@link conversionEnd}: afterwards `fetches` hold the results. */
export async function runInPlace(
  session: InferenceSession,
  feeds: Record<string, Tensor>,
  fetches: Record<string, Tensor>
): Promise<void> {
  try {
    await session.run(feeds, { [conversionEnd.output.name]: null, ...fetches })
  } catch (error) {
    if (!(error instanceof Error && error.message === REFUSAL)) throw error
  }
}
