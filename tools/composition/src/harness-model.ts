import { llama } from '@skipwise/arch-llama'
import { openCheckpoint, readModelConfig } from '@skipwise/checkpoints'
import { createRegistry, type LanguageModel } from '@skipwise/core'
import { openOnnxExecutor } from '@skipwise/executor-onnx'
import { createLanguageModel } from '@skipwise/inference'
import { interpolationPlugins, readHuggingFaceRope } from '@skipwise/interpolation'
import { rotaryHalf } from '@skipwise/positional-encodings'
import { loadTokenizerJson } from '@skipwise/tokenizers'

/** The model that the harness itself scored, from a Hugging Face folder. */
export async function openHarnessModel(folder: string): Promise<LanguageModel> {
  const config = await readModelConfig(folder)
  const model = llama().define(config)
  const rope = readHuggingFaceRope(config)
  const checkpoint = await openCheckpoint(folder)
  return createLanguageModel({
    name: 'harness',
    model,
    executor: await openOnnxExecutor({ threads: 1 }),
    tokenizer: await loadTokenizerJson(folder),
    encoding: rotaryHalf(),
    frequencies: createRegistry()
      .register(...interpolationPlugins)
      .resolveUnknown('interpolation', rope)
      .frequencies(rope.geometry),
    weights: async name => (await checkpoint.read(name)) as Float32Array,
    maxLength: model.geometry.maxPositionEmbeddings
  })
}
